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
// Hence nothing branches on a byte: of each block all values are computed side by side, as the
// compiler does well, and then moved together.
class Latin1Decoder {
 public:
  explicit Latin1Decoder(char* to) : to_(reinterpret_cast<uint8_t*>(to)) {}

  void Add(std::string_view utf8) {
    const auto* from = reinterpret_cast<const uint8_t*>(utf8.data());
    for (size_t left = utf8.size(); left > 0;) {
      const size_t size = std::min(left, kBlock);
      AddBlock(from, size);
      from += size;
      left -= size;
    }
  }

  // All of it was such text.
  bool ok() const { return !wrong_ && !IsFirst(last_); }
  const uint8_t* end() const { return to_; }

 private:
  static constexpr size_t kBlock = 512;

  // Sixteen bytes at once, on every processor that the compiler knows; comparing them gives masks.
  using Lanes [[gnu::vector_size(16)]] = uint8_t;
  static_assert(kBlock % sizeof(Lanes) == 0);

  static Lanes Load(const uint8_t* from) {
    Lanes lanes;
    std::memcpy(&lanes, from, sizeof lanes);
    return lanes;
  }
  static bool Any(Lanes lanes) {
    uint64_t halves[2];
    std::memcpy(halves, &lanes, sizeof lanes);
    return (halves[0] | halves[1]) != 0;
  }
  // The first of two bytes that make one character of U+0080 to U+00FF.
  static constexpr bool IsFirst(uint8_t byte) { return (byte & 0xfeU) == 0xc2U; }

  void AddBlock(const uint8_t* from, size_t size) {
    // Each byte after the one before it. What fills the last lanes is as right as what they have.
    uint8_t bytes[kBlock + 1] = {};
    uint8_t values[kBlock];
    uint8_t steps[kBlock];
    bytes[0] = last_;
    std::memcpy(bytes + 1, from, size);
    last_ = bytes[size];
    if (size < kBlock && IsFirst(last_)) bytes[size + 1] = 0x80;
    Lanes wrong = {};
    for (size_t at = 0; at < size; at += sizeof(Lanes)) {
      const Lanes before = Load(bytes + at);
      const Lanes byte = Load(bytes + at + 1);
      const auto second = reinterpret_cast<Lanes>((byte & 0xc0) == 0x80);
      const auto first = reinterpret_cast<Lanes>((byte & 0xfe) == 0xc2);
      const auto after_first = reinterpret_cast<Lanes>((before & 0xfe) == 0xc2);
      const auto from_c0 = reinterpret_cast<Lanes>(byte >= 0xc0);
      const Lanes value = (byte & ~second) | (((before << 6) | (byte & 0x3f)) & second);
      const Lanes step = ~first & 1;
      // A second byte follows a first one, nothing else does, and nothing but these is above ASCII.
      wrong |= (second ^ after_first) | (from_c0 & ~first);
      std::memcpy(values + at, &value, sizeof value);
      std::memcpy(steps + at, &step, sizeof step);
    }
    wrong_ = wrong_ || Any(wrong);
    uint8_t* to = to_;
    for (size_t index = 0; index < size; index++) {
      *to = values[index];
      to += steps[index];
    }
    to_ = to;
  }

  uint8_t* to_;
  uint8_t last_ = 0;
  bool wrong_ = false;
};

v8::MaybeLocal<v8::String> NewLatin1(v8::Isolate* isolate, const Line& line) {
  Text text(static_cast<char*>(std::malloc(line.bytes)));
  if (!text) return {};
  Latin1Decoder decoder(text.get());
  for (std::string_view part : line.parts) decoder.Add(part);
  const auto length =
      static_cast<size_t>(reinterpret_cast<const char*>(decoder.end()) - text.get());
  if (!decoder.ok() || length > static_cast<size_t>(v8::String::kMaxLength)) return {};
  // V8 deletes it with the string; without a string there is no memory left for anything.
  // NOLINTNEXTLINE(clang-analyzer-cplusplus.NewDeleteLeaks)
  return v8::String::NewExternalOneByte(isolate, new OwnOneByteString(std::move(text), length));
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
