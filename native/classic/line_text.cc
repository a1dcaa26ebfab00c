#include "classic/line_text.h"

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "v8/strings.h"

namespace dcp {

namespace {

// Longer lines do not go through V8's decoder if it can be helped, nor into its heap.
constexpr size_t kLongLineBytes = size_t{64} << 10;

struct Free {
  void operator()(char* memory) const { std::free(memory); }
};
using Text = std::unique_ptr<char, Free>;

// A byte a character, in memory of its own that V8 reads where it lies.
class OwnOneByteString final : public v8::String::ExternalOneByteStringResource {
 public:
  OwnOneByteString(Text text, size_t length) : text_(std::move(text)), length_(length) {}
  const char* data() const override { return text_.get(); }
  size_t length() const override { return length_; }

 private:
  const Text text_;
  const size_t length_;
};

// UTF-8 whose characters are all below U+0100 as a byte a character (Latin-1), which is how V8
// keeps such text. KVIN writes typed arrays so: half of their characters take two bytes, at random.
// Hence every byte is written, and counts or not: nothing branches on it.
class Latin1Decoder {
 public:
  explicit Latin1Decoder(char* to) : to_(reinterpret_cast<uint8_t*>(to)) {}

  void Add(std::string_view utf8) {
    const auto* from = reinterpret_cast<const uint8_t*>(utf8.data());
    size_t at = 0;
    while (at < utf8.size()) {
      if (lead_ == 0 && utf8.size() - at >= sizeof(uint64_t) && AddAscii(from + at)) {
        at += sizeof(uint64_t);
        continue;
      }
      const size_t end = std::min(utf8.size(), at + sizeof(uint64_t));
      for (; at < end; at++) AddByte(from[at]);
    }
  }

  // All of it was such text.
  bool ok() const { return wrong_ == 0 && lead_ == 0; }
  size_t length() const { return length_; }

 private:
  // Eight bytes, if all are ASCII.
  bool AddAscii(const uint8_t* from) {
    uint64_t eight = 0;
    std::memcpy(&eight, from, sizeof eight);
    if ((eight & 0x8080808080808080U) != 0) return false;
    std::memcpy(to_ + length_, &eight, sizeof eight);
    length_ += sizeof eight;
    return true;
  }

  void AddByte(uint32_t byte) {
    const uint32_t is_lead = static_cast<uint32_t>((byte & 0xfeU) == 0xc2U);
    const uint32_t is_next = static_cast<uint32_t>((byte & 0xc0U) == 0x80U);
    // A second byte follows a first one, nothing else does; and of those above ASCII there is
    // nothing but these two.
    wrong_ |= (is_next ^ static_cast<uint32_t>(lead_ != 0)) | ((byte >> 7U) ^ is_lead ^ is_next);
    const uint32_t joined = (lead_ & 0x03U) << 6U | (byte & 0x3fU);
    to_[length_] = static_cast<uint8_t>(byte ^ ((byte ^ joined) & (0U - is_next)));
    length_ += 1 - is_lead;
    lead_ = byte & (0U - is_lead);
  }

  uint8_t* const to_;
  size_t length_ = 0;
  // The first byte of two, whose second has not come.
  uint32_t lead_ = 0;
  uint32_t wrong_ = 0;
};

v8::MaybeLocal<v8::String> NewLatin1(v8::Isolate* isolate, const Line& line) {
  Text text(static_cast<char*>(std::malloc(line.bytes)));
  if (!text) return {};
  Latin1Decoder decoder(text.get());
  for (std::string_view part : line.parts) decoder.Add(part);
  if (!decoder.ok() || decoder.length() > static_cast<size_t>(v8::String::kMaxLength)) return {};
  // V8 deletes it with the string; without a string there is no memory left for anything.
  // NOLINTNEXTLINE(clang-analyzer-cplusplus.NewDeleteLeaks)
  return v8::String::NewExternalOneByte(isolate,
                                        new OwnOneByteString(std::move(text), decoder.length()));
}

bool IsAscii(const uint8_t* data, size_t size) {
  uint8_t seen = 0;
  for (size_t index = 0; index < size; index++) seen |= data[index];
  return seen < 0x80;
}

size_t Utf8LengthOfLatin1(const uint8_t* data, size_t size) {
  size_t length = size;
  for (size_t index = 0; index < size; index++) length += data[index] >> 7U;
  return length;
}

}  // namespace

v8::MaybeLocal<v8::String> NewLineString(v8::Isolate* isolate, const Line& line) {
  v8::Local<v8::String> latin1;
  if (line.bytes >= kLongLineBytes && NewLatin1(isolate, line).ToLocal(&latin1)) return latin1;
  if (line.parts.size() == 1) return NewString(isolate, line.parts[0]);
  std::string joined;
  joined.reserve(line.bytes);
  for (std::string_view part : line.parts) joined.append(part);
  return NewString(isolate, joined);
}

Bytes ToLine(v8::Isolate* isolate, v8::Local<v8::String> text) {
  const auto units = static_cast<size_t>(text->Length());
  if (text->IsOneByte()) {
    Bytes line = Bytes::Allocate(units + 1);
    WriteOneByte(isolate, text, line.data);
    line.data[units] = '\n';
    if (IsAscii(line.data, units)) return line;
    const size_t length = Utf8LengthOfLatin1(line.data, units) + 1;
    // Each character is written as if it took two bytes.
    Bytes wide = Bytes::Allocate(length + 1);
    uint8_t* to = wide.data;
    for (size_t index = 0; index <= units; index++) {
      const uint32_t unit = line.data[index];
      const uint32_t two = unit >> 7U;
      to[0] = static_cast<uint8_t>(two != 0 ? 0xc0U | unit >> 6U : unit);
      to[1] = static_cast<uint8_t>(0x80U | (unit & 0x3fU));
      to += 1 + two;
    }
    wide.size = length;
    return wide;
  }
  const size_t length = Utf8Length(isolate, text);
  Bytes line = Bytes::Allocate(length + 1);
  const size_t written = WriteUtf8(isolate, text, reinterpret_cast<char*>(line.data), length);
  line.data[written] = '\n';
  line.size = written + 1;
  return line;
}

}  // namespace dcp
