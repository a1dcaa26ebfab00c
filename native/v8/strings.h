// Public to native/: strings in and out of V8, whatever the version calls it.
#pragma once

#include <algorithm>
#include <cstdint>
#include <limits>
#include <string>
#include <string_view>

#include "v8/version.h"

namespace dcp {

// What every function here answers to text beyond V8's maximum length: nothing, with a RangeError
// pending.
inline v8::MaybeLocal<v8::String> ThrowTooLong(v8::Isolate* isolate) {
  isolate->ThrowException(v8::Exception::RangeError(
      v8::String::NewFromUtf8Literal(isolate, "more text than a string can hold")));
  return {};
}

// A JavaScript string of UTF-8 bytes; malformed ones become U+FFFD as the Encoding standard has it.
inline v8::MaybeLocal<v8::String> NewString(v8::Isolate* isolate, std::string_view text) {
  // V8 itself refuses so many bytes without an exception.
  if (text.size() > static_cast<size_t>(v8::String::kMaxLength)) return ThrowTooLong(isolate);
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
// bytes written; `*read`, if given, gets the UTF-16 code units they stand for.
inline size_t WriteUtf8(v8::Isolate* isolate, v8::Local<v8::String> string, char* to,
                        size_t capacity, size_t* read = nullptr) {
#if DCP_V8_AT_LEAST(13, 0)
  return string->WriteUtf8V2(isolate, to, capacity, v8::String::WriteFlags::kReplaceInvalidUtf8,
                             read);
#else
  constexpr size_t kMaxInt = std::numeric_limits<int>::max();
  int units = 0;
  const int written =
      string->WriteUtf8(isolate, to, static_cast<int>(std::min<size_t>(capacity, kMaxInt)), &units,
                        v8::String::NO_NULL_TERMINATION | v8::String::REPLACE_INVALID_UTF8);
  if (read != nullptr) *read = static_cast<size_t>(units);
  return static_cast<size_t>(written);
#endif
}

// All of a string that ContainsOnlyOneByte(), a byte a unit.
inline void WriteOneByte(v8::Isolate* isolate, v8::Local<v8::String> string, uint8_t* to) {
#if DCP_V8_AT_LEAST(13, 0)
  string->WriteOneByteV2(isolate, 0, static_cast<uint32_t>(string->Length()), to);
#else
  string->WriteOneByte(isolate, to, 0, string->Length(), v8::String::NO_NULL_TERMINATION);
#endif
}

inline std::string ToUtf8(v8::Isolate* isolate, v8::Local<v8::String> string) {
  std::string text(Utf8Length(isolate, string), '\0');
  text.resize(WriteUtf8(isolate, string, text.data(), text.size()));
  return text;
}

// The beginning of a string, `capacity` bytes of it at most; "..." says that there is more.
inline std::string ToUtf8(v8::Isolate* isolate, v8::Local<v8::String> string, size_t capacity) {
  std::string text(capacity, '\0');
  size_t read = 0;
  text.resize(WriteUtf8(isolate, string, text.data(), capacity, &read));
  if (read < static_cast<size_t>(string->Length())) text += "...";
  return text;
}

}  // namespace dcp
