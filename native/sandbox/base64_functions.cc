// Base64 as the web has it: https://infra.spec.whatwg.org/#forgiving-base64
#include <array>
#include <cstdlib>
#include <memory>

#include "sandbox/environment_functions.h"
#include "v8/strings.h"

namespace dcp {

namespace {

constexpr char kAlphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

// What a character stands for: 0..63, or one of these.
constexpr uint8_t kBlank = 64;
constexpr uint8_t kPadding = 65;
constexpr uint8_t kInvalid = 66;

constexpr std::array<uint8_t, 256> MakeValues() {
  std::array<uint8_t, 256> values{};
  values.fill(kInvalid);
  for (uint8_t value = 0; value < 64; value++) {
    values[static_cast<uint8_t>(kAlphabet[value])] = value;
  }
  for (const uint8_t blank : {' ', '\t', '\n', '\f', '\r'}) values[blank] = kBlank;
  values['='] = kPadding;
  return values;
}

constexpr std::array<uint8_t, 256> kValues = MakeValues();

struct Freed {
  void operator()(uint8_t* bytes) const { std::free(bytes); }
};
using Scratch = std::unique_ptr<uint8_t, Freed>;

// Null with a RangeError pending: text may be half a gigabyte.
Scratch Allocate(v8::Isolate* isolate, size_t size) {
  Scratch bytes(static_cast<uint8_t*>(std::malloc(size != 0 ? size : 1)));
  if (!bytes) ThrowTooLong(isolate);
  return bytes;
}

// Decodes in place; what is written never overtakes what is read. False when it is no Base64.
bool Decode(uint8_t* bytes, size_t size, size_t* written) {
  uint8_t* to = bytes;
  uint32_t group = 0;
  size_t digits = 0;
  size_t padding = 0;
  for (size_t at = 0; at < size; at++) {
    const uint8_t value = kValues[bytes[at]];
    if (value == kBlank) continue;
    if (value == kPadding) {
      padding++;
      continue;
    }
    if (value == kInvalid || padding != 0) return false;
    group = group << 6 | value;
    if (++digits % 4 != 0) continue;
    *to++ = static_cast<uint8_t>(group >> 16);
    *to++ = static_cast<uint8_t>(group >> 8);
    *to++ = static_cast<uint8_t>(group);
    group = 0;
  }
  // Padding, if any, completes a group.
  const size_t rest = digits % 4;
  if (rest == 1 || (padding != 0 && (padding > 2 || rest + padding != 4))) return false;
  if (rest == 2) *to++ = static_cast<uint8_t>(group >> 4);
  if (rest == 3) {
    *to++ = static_cast<uint8_t>(group >> 10);
    *to++ = static_cast<uint8_t>(group >> 2);
  }
  *written = static_cast<size_t>(to - bytes);
  return true;
}

void Encode(const uint8_t* bytes, size_t size, uint8_t* to) {
  const auto digit = [](uint32_t value) { return static_cast<uint8_t>(kAlphabet[value & 63]); };
  for (; size >= 3; size -= 3, bytes += 3) {
    const uint32_t group = uint32_t{bytes[0]} << 16 | uint32_t{bytes[1]} << 8 | bytes[2];
    *to++ = digit(group >> 18);
    *to++ = digit(group >> 12);
    *to++ = digit(group >> 6);
    *to++ = digit(group);
  }
  if (size == 0) return;
  const uint32_t group = uint32_t{bytes[0]} << 16 | (size == 2 ? uint32_t{bytes[1]} << 8 : 0);
  *to++ = digit(group >> 18);
  *to++ = digit(group >> 12);
  *to++ = size == 2 ? digit(group >> 6) : uint8_t{'='};
  *to++ = '=';
}

void Return(const Arguments& info, const uint8_t* bytes, size_t size) {
  v8::Local<v8::String> text;
  // At most V8's maximum: the callers see to it.
  if (v8::String::NewFromOneByte(info.GetIsolate(), bytes, v8::NewStringType::kNormal,
                                 static_cast<int>(size))
          .ToLocal(&text)) {
    info.GetReturnValue().Set(text);
  }
}

// base64Decode(text): string of bytes; undefined when it is no Base64
void Base64Decode(const Arguments& info) {
  v8::Isolate* isolate = info.GetIsolate();
  if (!info[0]->IsString()) return ThrowTypeError(isolate, "base64Decode: a string expected");
  auto text = info[0].As<v8::String>();
  if (!text->ContainsOnlyOneByte()) return;
  const auto size = static_cast<size_t>(text->Length());
  const Scratch bytes = Allocate(isolate, size);
  if (!bytes) return;
  WriteOneByte(isolate, text, bytes.get());
  size_t written = 0;
  if (Decode(bytes.get(), size, &written)) Return(info, bytes.get(), written);
}

// base64Encode(text): undefined when the text has characters that are no bytes
void Base64Encode(const Arguments& info) {
  v8::Isolate* isolate = info.GetIsolate();
  if (!info[0]->IsString()) return ThrowTypeError(isolate, "base64Encode: a string expected");
  auto text = info[0].As<v8::String>();
  if (!text->ContainsOnlyOneByte()) return;
  const auto size = static_cast<size_t>(text->Length());
  const size_t encoded = (size + 2) / 3 * 4;
  if (encoded > static_cast<size_t>(v8::String::kMaxLength)) {
    ThrowTooLong(isolate);
    return;
  }
  const Scratch from = Allocate(isolate, size);
  if (!from) return;
  const Scratch to = Allocate(isolate, encoded);
  if (!to) return;
  WriteOneByte(isolate, text, from.get());
  Encode(from.get(), size, to.get());
  Return(info, to.get(), encoded);
}

}  // namespace

void AddBase64Functions(HostObject* host) {
  host->Add("base64Decode", Base64Decode);
  host->Add("base64Encode", Base64Encode);
}

}  // namespace dcp
