#include "classic/startup_script.h"

#include <algorithm>
#include <utility>

#include "v8/external_strings.h"
#include "v8/script.h"
#include "v8/strings.h"

namespace dcp {

namespace {

constexpr uint32_t kReplacement = 0xfffd;

// The UTF-16 of UTF-8; malformed bytes become U+FFFD, one for each.
std::vector<uint16_t> ToUtf16(const std::string& utf8) {
  std::vector<uint16_t> units;
  units.reserve(utf8.size());
  const auto byte_at = [&](size_t index) { return static_cast<uint8_t>(utf8[index]); };
  for (size_t index = 0; index < utf8.size();) {
    const uint8_t lead = byte_at(index);
    const size_t length = lead < 0x80 ? 1 : lead < 0xc2 ? 0 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
    uint32_t code = length < 2 ? lead : lead & (0x7fU >> length);
    bool good = length != 0 && lead < 0xf5 && index + length <= utf8.size();
    for (size_t part = 1; good && part < length; part++) {
      good = (byte_at(index + part) & 0xc0U) == 0x80;
      code = code << 6U | (byte_at(index + part) & 0x3fU);
    }
    if (!good || code > 0x10ffff) {
      units.push_back(kReplacement);
      index++;
      continue;
    }
    index += length;
    if (code > 0xffff) {
      units.push_back(static_cast<uint16_t>(0xd800U + ((code - 0x10000U) >> 10U)));
      units.push_back(static_cast<uint16_t>(0xdc00U + (code & 0x3ffU)));
    } else {
      units.push_back(static_cast<uint16_t>(code));
    }
  }
  return units;
}

}  // namespace

StartupScript::StartupScript(std::string name, std::string utf8) : name_(std::move(name)) {
  const bool ascii = std::all_of(utf8.begin(), utf8.end(),
                                 [](char byte) { return static_cast<uint8_t>(byte) < 0x80; });
  if (ascii) {
    one_byte_ = std::make_shared<const std::string>(std::move(utf8));
    return;
  }
  std::vector<uint16_t> units = ToUtf16(utf8);
  const bool latin1 =
      std::all_of(units.begin(), units.end(), [](uint16_t unit) { return unit < 0x100; });
  if (latin1) {
    one_byte_ = std::make_shared<const std::string>(units.begin(), units.end());
  } else {
    two_byte_ = std::make_shared<const std::vector<uint16_t>>(std::move(units));
  }
}

v8::MaybeLocal<v8::String> StartupScript::Text(v8::Isolate* isolate) const {
  const size_t length = one_byte_ ? one_byte_->size() : two_byte_->size();
  if (length > static_cast<size_t>(v8::String::kMaxLength)) return ThrowTooLong(isolate);
  return one_byte_ ? NewShared(isolate, one_byte_) : NewShared(isolate, two_byte_);
}

v8::MaybeLocal<v8::Script> StartupScript::Compile(v8::Isolate* isolate,
                                                  v8::Local<v8::Context> context) {
  v8::Local<v8::String> text;
  v8::Local<v8::String> name;
  if (!Text(isolate).ToLocal(&text) || !NewString(isolate, name_).ToLocal(&name)) return {};
  const CodeCache::Use cached = cache_.use();
  v8::ScriptCompiler::Source source(text, MakeOrigin(isolate, name), cached.data());
  return v8::ScriptCompiler::Compile(context, &source, cached.options());
}

void StartupScript::OfferCache(v8::Local<v8::UnboundScript> compiled) {
  cache_.Offer([&] { return v8::ScriptCompiler::CreateCodeCache(compiled); });
}

}  // namespace dcp
