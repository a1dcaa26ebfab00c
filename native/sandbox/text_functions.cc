// Decoding of text as the Encoding standard has it (https://encoding.spec.whatwg.org/). Their
// encoding is that of V8.
#include <algorithm>
#include <array>
#include <cstring>
#include <vector>

#include "sandbox/buffer_source.h"
#include "sandbox/environment_functions.h"
#include "sandbox/utf8.h"
#include "v8/strings.h"

namespace dcp {

namespace {

// The numbers of src/sandbox/environment/encoding.ts.
enum Encoding : uint32_t { kUtf8, kUtf16Le, kUtf16Be, kWindows1252, kEncodingCount };
enum Flags : uint32_t { kFatal = 1, kIgnoreBom = 2, kStream = 4 };

// What a decoder keeps between the chunks of a stream: a sequence that is not complete, and whether
// the place of a byte order mark has passed. JavaScript holds these bytes in a Uint8Array.
struct DecoderState {
  uint8_t pending_count;
  std::array<uint8_t, 3> pending;
  uint8_t past_bom;
};

constexpr char16_t kReplacement = 0xFFFD;

// The index windows-1252 for bytes 80..9F; all others are their own code point.
constexpr char16_t kWindows1252C1[] = {
    0x20AC, 0x0081, 0x201A, 0x0192, 0x201E, 0x2026, 0x2020, 0x2021, 0x02C6, 0x2030, 0x0160,
    0x2039, 0x0152, 0x008D, 0x017D, 0x008F, 0x0090, 0x2018, 0x2019, 0x201C, 0x201D, 0x2022,
    0x2013, 0x2014, 0x02DC, 0x2122, 0x0161, 0x203A, 0x0153, 0x009D, 0x017E, 0x0178};

bool IsLead(char16_t unit) { return (unit & 0xFC00) == 0xD800; }
bool IsTrail(char16_t unit) { return (unit & 0xFC00) == 0xDC00; }

v8::MaybeLocal<v8::String> NewTwoByte(v8::Isolate* isolate, std::span<const char16_t> units) {
  return v8::String::NewFromTwoByte(isolate, reinterpret_cast<const uint16_t*>(units.data()),
                                    v8::NewStringType::kNormal, static_cast<int>(units.size()));
}

// Decodes at most as many bytes as become V8's longest string.
class Decoder {
 public:
  Decoder(v8::Isolate* isolate, DecoderState* state, uint32_t flags)
      : isolate_(isolate), state_(state), flags_(flags) {}

  v8::MaybeLocal<v8::String> DecodeUtf8(std::span<const uint8_t> bytes) {
    const size_t held = Is(kStream) ? IncompleteUtf8Tail(bytes) : 0;
    Keep(bytes.last(held));
    bytes = bytes.first(bytes.size() - held);
    if (Is(kFatal) && !IsValidUtf8(bytes)) return Fail();
    constexpr uint8_t kBom[] = {0xEF, 0xBB, 0xBF};
    if (bytes.size() >= 3 && TakesBom() && std::equal(kBom, kBom + 3, bytes.begin())) {
      bytes = bytes.subspan(3);
      state_->past_bom = 1;
    }
    if (!bytes.empty()) state_->past_bom = 1;
    return NewString(isolate_, {reinterpret_cast<const char*>(bytes.data()), bytes.size()});
  }

  v8::MaybeLocal<v8::String> DecodeUtf16(std::span<const uint8_t> bytes, bool big_endian) {
    std::vector<char16_t> units(bytes.size() / 2);
    std::memcpy(units.data(), bytes.data(), units.size() * 2);
    if (big_endian) {
      for (char16_t& unit : units) unit = static_cast<char16_t>(unit << 8 | unit >> 8);
    }
    const bool odd = bytes.size() % 2 != 0;
    // A lead surrogate at the end waits for its trail, with the byte after it.
    const bool open = !units.empty() && IsLead(units.back()) && (Is(kStream) || odd);
    if (open) units.pop_back();
    size_t held = (open ? 2 : 0) + (odd ? 1 : 0);
    if (!Is(kStream) && held != 0) {
      // The end of the queue inside a character: one error, however much of it is there.
      if (Is(kFatal)) return Fail();
      units.push_back(kReplacement);
      held = 0;
    }
    Keep(bytes.last(held));
    for (size_t at = 0; at < units.size(); at++) {
      if (IsLead(units[at]) && at + 1 < units.size() && IsTrail(units[at + 1])) {
        at++;
      } else if (IsLead(units[at]) || IsTrail(units[at])) {
        if (Is(kFatal)) return Fail();
        units[at] = kReplacement;
      }
    }
    std::span<const char16_t> text(units);
    if (!text.empty()) {
      if (TakesBom() && text[0] == 0xFEFF) text = text.subspan(1);
      state_->past_bom = 1;
    }
    return NewTwoByte(isolate_, text);
  }

  v8::MaybeLocal<v8::String> DecodeWindows1252(std::span<const uint8_t> bytes) {
    const auto is_c1 = [](uint8_t byte) { return byte >= 0x80 && byte < 0xA0; };
    if (std::none_of(bytes.begin(), bytes.end(), is_c1)) {
      return v8::String::NewFromOneByte(isolate_, bytes.data(), v8::NewStringType::kNormal,
                                        static_cast<int>(bytes.size()));
    }
    std::vector<char16_t> units(bytes.begin(), bytes.end());
    for (char16_t& unit : units) {
      if (unit >= 0x80 && unit < 0xA0) unit = kWindows1252C1[unit - 0x80];
    }
    return NewTwoByte(isolate_, units);
  }

 private:
  bool Is(Flags flag) const { return (flags_ & flag) != 0; }
  bool TakesBom() const { return !Is(kIgnoreBom) && state_->past_bom == 0; }

  void Keep(std::span<const uint8_t> bytes) {
    state_->pending_count = static_cast<uint8_t>(bytes.size());
    std::copy(bytes.begin(), bytes.end(), state_->pending.begin());
  }

  v8::MaybeLocal<v8::String> Fail() {
    Keep({});
    ThrowTypeError(isolate_, "The encoded data was not valid.");
    return {};
  }

  v8::Isolate* isolate_;
  DecoderState* state_;
  uint32_t flags_;
};

// decodeText(encoding, input, state, flags): string
void DecodeText(const Arguments& info) {
  v8::Isolate* isolate = info.GetIsolate();
  DecoderState state;
  if (!info[0]->IsUint32() || !info[2]->IsUint8Array() ||
      info[2].As<v8::Uint8Array>()->ByteLength() != sizeof state || !info[3]->IsUint32()) {
    return ThrowTypeError(isolate, "decodeText: encoding, input, state and flags expected");
  }
  const uint32_t encoding = info[0].As<v8::Uint32>()->Value();
  auto kept = info[2].As<v8::Uint8Array>();
  kept->CopyContents(&state, sizeof state);
  BufferSource source;
  if (encoding >= kEncodingCount || state.pending_count > state.pending.size() ||
      !source.Read(info[1])) {
    return ThrowTypeError(isolate, "decodeText: no such encoding, state or input");
  }
  std::span<const uint8_t> bytes = source.bytes();
  const size_t bytes_per_unit = encoding == kUtf16Le || encoding == kUtf16Be ? 2 : 1;
  const size_t size = state.pending_count + bytes.size();
  // Before anything is copied. V8 refuses so many bytes of UTF-8, too, whatever they stand for.
  if (size / bytes_per_unit > static_cast<size_t>(v8::String::kMaxLength)) {
    ThrowTooLong(isolate);
    return;
  }
  std::vector<uint8_t> joined;
  if (state.pending_count != 0) {
    joined.reserve(size);
    joined.assign(state.pending.begin(), state.pending.begin() + state.pending_count);
    joined.insert(joined.end(), bytes.begin(), bytes.end());
    bytes = joined;
  }
  Decoder decoder(isolate, &state, info[3].As<v8::Uint32>()->Value());
  v8::MaybeLocal<v8::String> decoded;
  switch (encoding) {
    case kUtf8:
      decoded = decoder.DecodeUtf8(bytes);
      break;
    case kUtf16Le:
      decoded = decoder.DecodeUtf16(bytes, false);
      break;
    case kUtf16Be:
      decoded = decoder.DecodeUtf16(bytes, true);
      break;
    default:
      decoded = decoder.DecodeWindows1252(bytes);
      break;
  }
  std::memcpy(static_cast<uint8_t*>(kept->Buffer()->Data()) + kept->ByteOffset(), &state,
              sizeof state);
  v8::Local<v8::String> text;
  if (decoded.ToLocal(&text)) info.GetReturnValue().Set(text);
}

// utf8Length(string): bytes that utf8Write needs for all of it
void Utf8LengthOf(const Arguments& info) {
  v8::Isolate* isolate = info.GetIsolate();
  if (!info[0]->IsString()) return ThrowTypeError(isolate, "utf8Length: a string expected");
  info.GetReturnValue().Set(static_cast<double>(Utf8Length(isolate, info[0].As<v8::String>())));
}

// utf8WriteInto(string, bytes, counts)
void Utf8WriteInto(const Arguments& info) {
  v8::Isolate* isolate = info.GetIsolate();
  if (!info[0]->IsString() || !info[1]->IsUint8Array() || !info[2]->IsUint32Array() ||
      info[2].As<v8::Uint32Array>()->Length() != 2) {
    return ThrowTypeError(isolate, "TextEncoder.encodeInto: destination is no Uint8Array");
  }
  auto view = info[1].As<v8::Uint8Array>();
  auto* data = static_cast<char*>(view->Buffer()->Data()) + view->ByteOffset();
  size_t read = 0;
  const size_t written =
      WriteUtf8(isolate, info[0].As<v8::String>(), data, view->ByteLength(), &read);
  const uint32_t counts[] = {static_cast<uint32_t>(read), static_cast<uint32_t>(written)};
  auto target = info[2].As<v8::Uint32Array>();
  std::memcpy(static_cast<uint8_t*>(target->Buffer()->Data()) + target->ByteOffset(), counts,
              sizeof counts);
}

// ownedLength(value): bytes of an ArrayBuffer or of a view on one; -1 for all else
void OwnedLength(const Arguments& info) {
  double length = -1;
  if (info[0]->IsArrayBuffer()) {
    length = static_cast<double>(info[0].As<v8::ArrayBuffer>()->ByteLength());
  } else if (info[0]->IsArrayBufferView()) {
    auto view = info[0].As<v8::ArrayBufferView>();
    // An array on V8's heap has no buffer yet, and is not shared.
    v8::Local<v8::Value> buffer = info[0];
    if (view->HasBuffer()) buffer = view->Buffer();
    if (!buffer->IsSharedArrayBuffer()) length = static_cast<double>(view->ByteLength());
  }
  info.GetReturnValue().Set(length);
}

// readBuffer(value, bytes): copies the bytes of an ArrayBuffer or a view
void ReadBuffer(const Arguments& info) {
  v8::Isolate* isolate = info.GetIsolate();
  BufferSource source;
  if (!info[1]->IsUint8Array() || !source.Read(info[0]) ||
      info[1].As<v8::Uint8Array>()->ByteLength() != source.bytes().size()) {
    return ThrowTypeError(isolate, "readBuffer: bytes and as many to write to expected");
  }
  auto target = info[1].As<v8::Uint8Array>();
  if (source.bytes().empty()) return;
  std::memcpy(static_cast<uint8_t*>(target->Buffer()->Data()) + target->ByteOffset(),
              source.bytes().data(), source.bytes().size());
}

// isBufferSource(value)
void IsBufferSource(const Arguments& info) {
  info.GetReturnValue().Set(info[0]->IsArrayBufferView() || info[0]->IsArrayBuffer() ||
                            info[0]->IsSharedArrayBuffer());
}

}  // namespace

void AddTextFunctions(HostObject* host) {
  host->Add("decodeText", DecodeText);
  host->Add("isBufferSource", IsBufferSource);
  host->Add("ownedLength", OwnedLength);
  host->Add("readBuffer", ReadBuffer);
  host->Add("utf8Length", Utf8LengthOf);
  host->Add("utf8WriteInto", Utf8WriteInto);
}

}  // namespace dcp
