// Public to native/: strings in and out of V8, whatever the version calls it.
#pragma once

#include <algorithm>
#include <limits>
#include <string>
#include <string_view>

#include "v8/version.h"

namespace dcp {

// A JavaScript string of UTF-8 bytes. Fails, with a RangeError pending, beyond V8's maximum length.
inline v8::MaybeLocal<v8::String> NewString(v8::Isolate* isolate, std::string_view text) {
  // V8 takes the length as an int, and a negative one for "up to the terminator".
  if (text.size() > static_cast<size_t>(std::numeric_limits<int>::max())) {
    isolate->ThrowException(v8::Exception::RangeError(
        v8::String::NewFromUtf8Literal(isolate, "more bytes than a string can hold")));
    return {};
  }
  return v8::String::NewFromUtf8(isolate, text.data(), v8::NewStringType::kNormal,
                                 static_cast<int>(text.size()));
}

// For names and literals in this source, which are short.
inline v8::Local<v8::String> Name(v8::Isolate* isolate, std::string_view text) {
  return v8::String::NewFromUtf8(isolate, text.data(), v8::NewStringType::kInternalized,
                                 static_cast<int>(text.size()))
      .ToLocalChecked();
}

inline size_t Utf8Length(v8::Isolate* isolate, v8::Local<v8::String> string) {
#if DCP_V8_AT_LEAST(13, 0)
  return string->Utf8LengthV2(isolate);
#else
  return static_cast<size_t>(string->Utf8Length(isolate));
#endif
}

// Writes at most `capacity` bytes of whole characters; lone surrogates become U+FFFD. Returns the
// bytes written.
inline size_t WriteUtf8(v8::Isolate* isolate, v8::Local<v8::String> string, char* to,
                        size_t capacity) {
#if DCP_V8_AT_LEAST(13, 0)
  return string->WriteUtf8V2(isolate, to, capacity, v8::String::WriteFlags::kReplaceInvalidUtf8);
#else
  constexpr size_t kMaxInt = std::numeric_limits<int>::max();
  return static_cast<size_t>(
      string->WriteUtf8(isolate, to, static_cast<int>(std::min<size_t>(capacity, kMaxInt)), nullptr,
                        v8::String::NO_NULL_TERMINATION | v8::String::REPLACE_INVALID_UTF8));
#endif
}

inline std::string ToUtf8(v8::Isolate* isolate, v8::Local<v8::String> string) {
  std::string text(Utf8Length(isolate, string), '\0');
  text.resize(WriteUtf8(isolate, string, text.data(), text.size()));
  return text;
}

}  // namespace dcp
