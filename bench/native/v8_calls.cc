// What V8 takes for calls of C++, whatever they are for: functions that do nothing but what each
// method of a binding has to do. A binding cannot be faster than that and the C behind it.
#include <node.h>
#include <v8.h>

#include <cstdint>
#include <memory>
#include <vector>

#include "v8/internal_fields.h"

namespace dcp::bench {
namespace {

using Info = v8::FunctionCallbackInfo<v8::Value>;

// What stands behind an object: it goes some time after the object has been collected, since
// nothing may be done in the midst of that.
struct Behind {
  explicit Behind(v8::Isolate* in) : isolate(in) {}

  v8::Isolate* const isolate;
  v8::Global<v8::Object> wrapper;
  uint64_t calls = 0;
  std::vector<std::unique_ptr<Behind>> garbage;
  v8::Global<v8::Object> blank;
  Behind* maker = nullptr;
};

Behind& Of(const Info& info) { return *static_cast<Behind*>(GetFieldPointer(info.This(), 0)); }

void Call(const Info& info) { Of(info).calls++; }

void OnGarbage(const v8::WeakCallbackInfo<Behind>& info) {
  std::unique_ptr<Behind> behind(info.GetParameter());
  behind->wrapper.Reset();
  behind->maker->garbage.push_back(std::move(behind));
}

void Make(const Info& info) {
  static constexpr size_t kClearAt = 256;
  Behind& self = Of(info);
  if (self.garbage.size() >= kClearAt) self.garbage.clear();
  v8::Isolate* const isolate = self.isolate;
  v8::Local<v8::Object> wrapper = self.blank.Get(isolate)->Clone();
  auto made = std::make_unique<Behind>(isolate);
  made->maker = &self;
  made->wrapper.Reset(isolate, wrapper);
  SetFieldPointer(wrapper, 0, made.get());
  made->wrapper.SetWeak(made.get(), OnGarbage, v8::WeakCallbackType::kParameter);
  // Garbage owns it from now on.
  (void)made.release();
  info.GetReturnValue().Set(wrapper);
}

// A promise that has been resolved.
void Answer(const Info& info) {
  v8::Isolate* const isolate = Of(info).isolate;
  v8::Local<v8::Context> context = isolate->GetCurrentContext();
  v8::Local<v8::Promise::Resolver> resolver;
  if (!v8::Promise::Resolver::New(context).ToLocal(&resolver)) return;
  info.GetReturnValue().Set(resolver->GetPromise());
  resolver->Resolve(context, v8::Undefined(isolate)).Check();
}

v8::Local<v8::String> Name(v8::Isolate* isolate, char const* name) {
  return v8::String::NewFromUtf8(isolate, name).ToLocalChecked();
}

// Adds `v8Calls`, an object with the methods call(), make() and answer().
void Initialize(v8::Local<v8::Object> exports, v8::Local<v8::Context> context) {
  v8::Isolate* const isolate = v8::Isolate::GetCurrent();
  v8::Local<v8::FunctionTemplate> type = v8::FunctionTemplate::New(isolate);
  type->InstanceTemplate()->SetInternalFieldCount(2);
  const v8::Local<v8::Signature> receiver = v8::Signature::New(isolate, type);
  const auto add = [&](char const* name, v8::FunctionCallback callback) {
    type->PrototypeTemplate()->Set(Name(isolate, name),
                                   v8::FunctionTemplate::New(isolate, callback, {}, receiver, 0,
                                                             v8::ConstructorBehavior::kThrow));
  };
  add("call", Call);
  add("make", Make);
  add("answer", Answer);
  const auto instance = [&] {
    return type->InstanceTemplate()->NewInstance(context).ToLocalChecked();
  };
  v8::Local<v8::Object> calls = instance();
  // For as long as the process.
  auto* const behind = new Behind(isolate);
  behind->blank.Reset(isolate, instance());
  SetFieldPointer(calls, 0, behind);
  exports->Set(context, Name(isolate, "v8Calls"), calls).Check();
}

}  // namespace
}  // namespace dcp::bench

NODE_MODULE_INIT() {
  (void)module;
  dcp::bench::Initialize(exports, context);
}
