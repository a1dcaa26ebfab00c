// Internal to native/sandbox: the memories that a WebAssembly module defines, before V8 compiles
// it.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace dcp {

// What is to become of a module's bytes.
struct CappedModule {
  enum Verdict {
    // Compile them as they are: no memory grows too far, or V8 will refuse them itself.
    kAsIs,
    // Compile `bytes` instead.
    kCapped,
    // Do not compile; `refusal` says why.
    kRefused,
  };
  Verdict verdict = kAsIs;
  std::vector<uint8_t> bytes = {};
  std::string refusal = {};
};

// `memory.grow` in WebAssembly asks nobody: only the maximum a module declares holds it back. This
// lowers (or adds) the maximum of every memory the module defines itself (section 5 of the binary
// format, https://webassembly.github.io/spec/core/binary/modules.html#memory-section) to
// `max_pages` pages of 64 KiB. Refused are memories that start larger, shared ones (nobody would
// see them grow; a module may import one), and limits of a form not known here.
CappedModule CapMemories(std::span<const uint8_t> module, uint64_t max_pages);

}  // namespace dcp
