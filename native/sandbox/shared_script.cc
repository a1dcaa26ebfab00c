#include "sandbox/shared_script.h"

#include <algorithm>
#include <map>
#include <utility>

#include "v8/external_strings.h"
#include "v8/script.h"
#include "v8/strings.h"

namespace dcp {

namespace {

// The scripts there are. Their keys refer to the scripts' own text.
class Registry {
 public:
  using Key = std::pair<const ScriptPurpose*, std::string_view>;

  static Registry& Instance() {
    // Leaked on purpose: scripts may still end while the process does.
    static auto* instance = new Registry();
    return *instance;
  }

  std::mutex mutex;
  std::map<Key, std::weak_ptr<SharedScript>> scripts;
};

}  // namespace

std::shared_ptr<SharedScript> SharedScript::Get(const ScriptPurpose& purpose, std::string source) {
  Registry& registry = Registry::Instance();
  std::lock_guard lock(registry.mutex);
  const auto known = registry.scripts.find({&purpose, source});
  if (known != registry.scripts.end()) {
    if (auto script = known->second.lock()) return script;
    // It is ending, on another thread, and finds itself replaced.
    registry.scripts.erase(known);
  }
  auto script = std::make_shared<SharedScript>(purpose, std::move(source));
  registry.scripts.emplace(Registry::Key{&purpose, *script->source_}, script);
  return script;
}

SharedScript::SharedScript(const ScriptPurpose& purpose, std::string source)
    : purpose_(purpose),
      source_(std::make_shared<const std::string>(std::move(source))),
      ascii_(std::all_of(source_->begin(), source_->end(),
                         [](char byte) { return static_cast<unsigned char>(byte) < 0x80; })) {}

SharedScript::~SharedScript() {
  Registry& registry = Registry::Instance();
  std::lock_guard lock(registry.mutex);
  const auto known = registry.scripts.find({&purpose_, *source_});
  if (known != registry.scripts.end() && known->second.expired()) registry.scripts.erase(known);
}

v8::MaybeLocal<v8::String> SharedScript::Text(v8::Isolate* isolate) {
  if (!ascii_) return NewString(isolate, *source_);
  return NewShared(isolate, source_);
}

v8::MaybeLocal<v8::Function> SharedScript::Compile(v8::Isolate* isolate,
                                                   v8::Local<v8::Context> context) {
  v8::Local<v8::String> text;
  if (!Text(isolate).ToLocal(&text)) return {};
  const CodeCache::Use cached = cache_.use();
  v8::ScriptCompiler::Source source(text, MakeOrigin(isolate, Name(isolate, purpose_.name)),
                                    cached.data());
  std::vector<v8::Local<v8::String>> parameters;
  parameters.reserve(purpose_.parameters.size());
  for (std::string_view parameter : purpose_.parameters)
    parameters.push_back(Name(isolate, parameter));
  return v8::ScriptCompiler::CompileFunction(context, &source, parameters.size(), parameters.data(),
                                             0, nullptr, cached.options());
}

void SharedScript::OfferCache(v8::Local<v8::Function> compiled) {
  cache_.Offer([&] { return v8::ScriptCompiler::CreateCodeCacheForFunction(compiled); });
}

}  // namespace dcp
