#include "sandbox/environment.h"

#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>

#include "sandbox/environment_functions.h"
#include "sandbox/host_object.h"
#include "sandbox/sandbox_isolate.h"
#include "v8/strings.h"

namespace dcp {

namespace {

void ThrowError(v8::Isolate* isolate, const std::string& message) {
  v8::Local<v8::String> text;
  if (NewString(isolate, message).ToLocal(&text)) {
    isolate->ThrowException(v8::Exception::Error(text));
  }
}

// group(name): what the group of that name exports
void LoadGroup(const Arguments& info) {
  v8::Isolate* isolate = info.GetIsolate();
  Environment& environment = SandboxIsolate::Of(isolate).environment();
  v8::Local<v8::Object> exports;
  if (!info[0]->IsString()) return ThrowTypeError(isolate, "group: a name expected");
  if (environment.Load(isolate->GetCurrentContext(), ToUtf8(isolate, info[0].As<v8::String>()))
          .ToLocal(&exports)) {
    info.GetReturnValue().Set(exports);
  }
}

// openWebgpu(classes): the interfaces by name, and `gpu`
void OpenWebgpu(const Arguments& info) {
  v8::Isolate* isolate = info.GetIsolate();
  SandboxGpu* gpu = SandboxIsolate::Of(isolate).gpu();
  v8::Local<v8::Object> exports;
  if (gpu == nullptr || !info[0]->IsObject())
    return ThrowTypeError(isolate, "openWebgpu: a Job with WebGPU, and classes, expected");
  if (gpu->Install(isolate->GetCurrentContext(), info[0].As<v8::Object>()).ToLocal(&exports)) {
    info.GetReturnValue().Set(exports);
  }
}

// What groups need whatever runs the Sandbox.
void AddEnvironmentFunctions(HostObject* host) {
  host->Add("group", LoadGroup);
  host->Add("openWebgpu", OpenWebgpu);
  AddBase64Functions(host);
  AddCloneFunctions(host);
  AddCryptoFunctions(host);
  AddTextFunctions(host);
}

// Sets a flag for as long as it lives.
class Raised {
 public:
  explicit Raised(bool* flag) : flag_(flag) { *flag_ = true; }
  ~Raised() { *flag_ = false; }
  Raised(const Raised&) = delete;
  Raised& operator=(const Raised&) = delete;

 private:
  bool* flag_;
};

}  // namespace

const ScriptPurpose& GroupScript(const std::string& group) {
  // One for each name, for good: there are as many as src/sandbox/environment has groups.
  struct Named {
    std::string name;
    ScriptPurpose purpose;
  };
  static std::mutex mutex;
  static auto* known = new std::map<std::string, std::unique_ptr<Named>>();
  std::lock_guard lock(mutex);
  std::unique_ptr<Named>& named = (*known)[group];
  if (!named) {
    named = std::make_unique<Named>(Named{"dcp:environment/" + group, {}});
    named->purpose = {named->name, {"host", "realm"}};
  }
  return named->purpose;
}

Environment::Environment(std::shared_ptr<const SandboxScripts> scripts, AddFunctions add_functions)
    : scripts_(std::move(scripts)),
      add_functions_(add_functions),
      groups_(scripts_->groups.size()) {}

void Environment::Attach(v8::Isolate* isolate, v8::Local<v8::Object> host,
                         v8::Local<v8::Object> realm) {
  host_.Reset(isolate, host);
  realm_.Reset(isolate, realm);
}

bool Environment::Define(v8::Local<v8::Context> context, size_t group, v8::Local<v8::Name> name) {
  v8::Local<v8::Value> data =
      v8::Integer::NewFromUnsigned(v8::Isolate::GetCurrent(), static_cast<uint32_t>(group));
  return context->Global()
      ->SetLazyDataProperty(context, name, OnFirstRead, data, v8::DontEnum,
                            v8::SideEffectType::kHasNoSideEffect)
      .IsJust();
}

bool Environment::Install(v8::Local<v8::Context> context) {
  v8::Isolate* isolate = v8::Isolate::GetCurrent();
  for (size_t index = 0; index < groups_.size(); index++) {
    for (const std::string& name : scripts_->groups[index].globals) {
      if (!Define(context, index, Name(isolate, name))) return false;
    }
  }
  return true;
}

bool Environment::Define(v8::Local<v8::Context> context, std::string_view group,
                         v8::Local<v8::Array> names) {
  const std::optional<size_t> index = Find(group);
  if (!index) return false;
  for (uint32_t at = 0; at < names->Length(); at++) {
    v8::Local<v8::Value> name;
    if (!names->Get(context, at).ToLocal(&name)) return false;
    if (!name->IsName()) {
      ThrowError(v8::Isolate::GetCurrent(), "a global's name expected");
      return false;
    }
    if (!Define(context, *index, name.As<v8::Name>())) return false;
  }
  return true;
}

void Environment::OnFirstRead(v8::Local<v8::Name> name,
                              const v8::PropertyCallbackInfo<v8::Value>& info) {
  v8::Isolate* isolate = info.GetIsolate();
  v8::Local<v8::Context> context = isolate->GetCurrentContext();
  Environment& environment = SandboxIsolate::Of(isolate).environment();
  v8::Local<v8::Object> exports;
  v8::Local<v8::Value> value;
  if (environment.Load(context, info.Data().As<v8::Integer>()->Value()).ToLocal(&exports) &&
      exports->Get(context, name).ToLocal(&value)) {
    // V8 makes it an ordinary data property. Whatever throws leaves the property as it was.
    info.GetReturnValue().Set(value);
  }
}

v8::MaybeLocal<v8::Object> Environment::Load(v8::Local<v8::Context> context, size_t index) {
  v8::Isolate* isolate = v8::Isolate::GetCurrent();
  Group& group = groups_[index];
  if (!group.exports.IsEmpty()) return group.exports.Get(isolate);
  const GlobalGroup& described = scripts_->groups[index];
  if (group.loading) {
    ThrowError(isolate, "the environment's group " + described.name + " needs itself");
    return {};
  }
  const Raised loading(&group.loading);
  v8::EscapableHandleScope scope(isolate);
  v8::Local<v8::Object> host = host_.Get(isolate);
  if (!host_complete_) {
    HostObject object(context, host);
    add_functions_(&object);
    AddEnvironmentFunctions(&object);
    if (!object.ok()) return {};
    host_complete_ = true;
  }
  v8::Local<v8::Value> argv[] = {host, realm_.Get(isolate)};
  v8::Local<v8::Function> factory;
  v8::Local<v8::Value> exports;
  if (!described.script->Compile(isolate, context).ToLocal(&factory) ||
      !factory->Call(context, v8::Undefined(isolate), 2, argv).ToLocal(&exports)) {
    return {};
  }
  if (!exports->IsObject()) {
    ThrowError(isolate, "the environment's group " + described.name + " exports nothing");
    return {};
  }
  group.exports.Reset(isolate, exports.As<v8::Object>());
  if (!described.script->has_cache()) {
    group.uncached.Reset(isolate, factory);
    if (!caches_wait_) OfferCaches();
  }
  return scope.Escape(exports.As<v8::Object>());
}

v8::MaybeLocal<v8::Object> Environment::Load(v8::Local<v8::Context> context,
                                             std::string_view name) {
  const std::optional<size_t> index = Find(name);
  if (!index) return {};
  return Load(context, *index);
}

std::optional<size_t> Environment::Find(std::string_view name) {
  for (size_t index = 0; index < groups_.size(); index++) {
    if (scripts_->groups[index].name == name) return index;
  }
  ThrowError(v8::Isolate::GetCurrent(), "the environment has no group " + std::string(name));
  return {};
}

void Environment::OfferCaches() {
  caches_wait_ = false;
  for (size_t index = 0; index < groups_.size(); index++) {
    Group& group = groups_[index];
    if (group.uncached.IsEmpty()) continue;
    scripts_->groups[index].script->OfferCache(group.uncached.Get(v8::Isolate::GetCurrent()));
    group.uncached.Reset();
  }
}

void Environment::Clear() {
  for (Group& group : groups_) {
    group.exports.Reset();
    group.uncached.Reset();
  }
  host_.Reset();
  realm_.Reset();
}

}  // namespace dcp
