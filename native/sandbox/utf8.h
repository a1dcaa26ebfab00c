// Internal to native/sandbox: what a decoder must know of UTF-8 before V8 decodes it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace dcp {

// Whether the bytes are well-formed UTF-8: no overlong forms, no surrogates, nothing cut off.
bool IsValidUtf8(std::span<const uint8_t> bytes);

// How many bytes at the end, 0 to 3, begin a sequence that more bytes could complete.
size_t IncompleteUtf8Tail(std::span<const uint8_t> bytes);

}  // namespace dcp
