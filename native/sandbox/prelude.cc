#include "sandbox/prelude.h"

#include <map>
#include <utility>

#include "v8/script.h"

namespace dcp {

namespace {

// V8 reads the prelude's text where it lies, instead of a copy in each heap.
class SharedSource final : public v8::String::ExternalOneByteStringResource {
 public:
  explicit SharedSource(const std::string& text) : text_(text) {}
  const char* data() const override { return text_.data(); }
  size_t length() const override { return text_.size(); }

 private:
  const std::string& text_;
};

}  // namespace

std::shared_ptr<Prelude> Prelude::ForSource(std::string source) {
  // Leaked on purpose: isolates refer to the text until the process ends.
  static auto* known = new std::map<std::string, std::shared_ptr<Prelude>>();
  static auto* mutex = new std::mutex();
  std::lock_guard lock(*mutex);
  auto& prelude = (*known)[source];
  if (!prelude) prelude = std::make_shared<Prelude>(std::move(source));
  return prelude;
}

v8::MaybeLocal<v8::Function> Prelude::Compile(v8::Isolate* isolate,
                                              v8::Local<v8::Context> context) {
  v8::Local<v8::String> text;
  // V8 deletes it with the string; without a string there is no memory left for anything.
  auto* resource = new SharedSource(source_);
  // NOLINTNEXTLINE(clang-analyzer-cplusplus.NewDeleteLeaks)
  if (!v8::String::NewExternalOneByte(isolate, resource).ToLocal(&text)) return {};
  std::shared_ptr<const std::vector<uint8_t>> cache;
  {
    std::lock_guard lock(mutex_);
    cache = cache_;
  }
  v8::ScriptCompiler::CachedData* cached =
      cache ? new v8::ScriptCompiler::CachedData(cache->data(), static_cast<int>(cache->size()),
                                                 v8::ScriptCompiler::CachedData::BufferNotOwned)
            : nullptr;
  v8::ScriptCompiler::Source source(text, MakeOrigin(isolate, Name(isolate, "dcp:prelude")),
                                    cached);
  v8::Local<v8::String> parameter = Name(isolate, "host");
  return v8::ScriptCompiler::CompileFunction(
      context, &source, 1, &parameter, 0, nullptr,
      cached ? v8::ScriptCompiler::kConsumeCodeCache : v8::ScriptCompiler::kNoCompileOptions);
}

void Prelude::OfferCache(v8::Local<v8::Function> compiled) {
  {
    std::lock_guard lock(mutex_);
    if (cache_) return;
  }
  std::unique_ptr<v8::ScriptCompiler::CachedData> data(
      v8::ScriptCompiler::CreateCodeCacheForFunction(compiled));
  if (!data) return;
  auto bytes = std::make_shared<const std::vector<uint8_t>>(data->data, data->data + data->length);
  std::lock_guard lock(mutex_);
  if (!cache_) cache_ = std::move(bytes);
}

}  // namespace dcp
