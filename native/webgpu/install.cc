// Makes the interfaces of WebGPU in one isolate, from the tables of generated/interfaces.cc.
#include <map>
#include <string>
#include <utility>

#include "v8/internal_fields.h"
#include "v8/strings.h"
#include "webgpu/attributes.h"
#include "webgpu/convert.h"
#include "webgpu/runtime.h"

namespace dcp::webgpu {

namespace {

constexpr char const* kMakerNames[] = {
    "EventTarget",         "adoptDevice",     "defineDevice", "fireUncapturedError", "newError",
    "newPipelineError",    "newDOMException", "newLostInfo",  "newCompilationInfo",  "newFeatures",
    "newLanguageFeatures", "newAdapterInfo",  "makeReaders",
};
static_assert(sizeof kMakerNames / sizeof *kMakerNames == static_cast<size_t>(Maker::kCount));

constexpr auto kTag = static_cast<v8::PropertyAttribute>(v8::ReadOnly | v8::DontEnum);
constexpr auto kConstant = static_cast<v8::PropertyAttribute>(v8::ReadOnly | v8::DontDelete);

void IllegalConstructor(const Info& info) {
  info.GetIsolate()->ThrowException(
      v8::Exception::TypeError(Name(info.GetIsolate(), "Illegal constructor")));
}

// Of GPUSupportedLimits: the data is the limit's number in kLimits.
void GetLimit(const Info& info) {
  const LimitSpec& limit = kLimits[info.Data().As<v8::Uint32>()->Value()];
  const auto* const limits = static_cast<const Limits*>(Object::Of(info.This()));
  info.GetReturnValue().Set(static_cast<double>(ReadLimit(limits->limits, limit)));
}

// What readers hand over to: the first value says how many others there are. Once for each reading,
// whoever may have got hold of it.
void TakeRead(const Info& info) {
  Reading* const reading = Runtime::Of(info.GetIsolate())->reading;
  if (reading == nullptr || std::exchange(reading->taken, true)) return;
  reading->converted = reading->conversion->ConvertRead(info, *reading);
}

// The number of an interface and 1; 0 for what is none of ours.
void KindOf(const Info& info) {
  const Object* const object = Object::OfAny(info[0]);
  info.GetReturnValue().Set(object == nullptr ? 0 : static_cast<uint32_t>(object->kind) + 1);
}

bool HasAttributes(Kind kind) {
  return kind == Kind::kGPU || kind == Kind::kGPUAdapter || kind == Kind::kGPUDevice;
}

}  // namespace

void Runtime::AddMembers(v8::Local<v8::FunctionTemplate> type, const InterfaceSpec& spec) {
  // V8 itself looks at receivers: a function is called for objects of this type alone.
  const v8::Local<v8::Signature> signature = v8::Signature::New(isolate_, type);
  v8::Local<v8::ObjectTemplate> prototype = type->PrototypeTemplate();
  const auto make = [&](v8::FunctionCallback callback, int length, bool promise) {
    v8::Local<v8::FunctionTemplate> made = v8::FunctionTemplate::New(
        isolate_, callback, {}, promise ? v8::Local<v8::Signature>() : signature, length,
        v8::ConstructorBehavior::kThrow);
    made->RemovePrototype();
    return made;
  };
  for (size_t index = 0; index < spec.count; index++) {
    const MemberSpec& member = spec.members[index];
    v8::Local<v8::String> name = Name(isolate_, member.name);
    if (member.type == MemberSpec::kMethod) {
      prototype->Set(name, make(member.getter, member.length, member.promise));
      continue;
    }
    v8::Local<v8::FunctionTemplate> getter = make(member.getter, 0, member.promise);
    getter->SetClassName(Name(isolate_, std::string("get ") + member.name));
    v8::Local<v8::FunctionTemplate> setter;
    if (member.setter != nullptr) {
      setter = make(member.setter, 1, false);
      setter->SetClassName(Name(isolate_, std::string("set ") + member.name));
    }
    prototype->SetAccessorProperty(name, getter, setter, v8::None);
  }
}

void Runtime::MakeTemplates() {
  const auto begin = [&](Kind kind) {
    v8::Local<v8::FunctionTemplate> type =
        v8::FunctionTemplate::New(isolate_, IllegalConstructor, {}, {}, 0);
    v8::Local<v8::String> name = Name(isolate_, kKindNames[static_cast<size_t>(kind)]);
    type->SetClassName(name);
    type->ReadOnlyPrototype();
    type->PrototypeTemplate()->Set(v8::Symbol::GetToStringTag(isolate_), name, kTag);
    type->InstanceTemplate()->SetInternalFieldCount(
        HasAttributes(kind) ? field::kCountWithAttributes : field::kCount);
    templates_[static_cast<size_t>(kind)].Reset(isolate_, type);
    return type;
  };
  for (size_t index = 0; index < kInterfaceCount; index++) {
    const InterfaceSpec& spec = kInterfaces[index];
    AddMembers(begin(spec.kind), spec);
  }
  v8::Local<v8::FunctionTemplate> limits = begin(Kind::kGPUSupportedLimits);
  const v8::Local<v8::Signature> signature = v8::Signature::New(isolate_, limits);
  uint32_t number = 0;
  for (const LimitSpec& limit : kLimits) {
    v8::Local<v8::FunctionTemplate> getter = v8::FunctionTemplate::New(
        isolate_, GetLimit, v8::Integer::NewFromUnsigned(isolate_, number++), signature, 0,
        v8::ConstructorBehavior::kThrow);
    getter->RemovePrototype();
    getter->SetClassName(Name(isolate_, std::string("get ") + limit.name));
    limits->PrototypeTemplate()->SetAccessorProperty(Name(isolate_, limit.name), getter);
  }
}

bool Runtime::ReadMakers(v8::Local<v8::Context> context, v8::Local<v8::Object> classes) {
  for (size_t index = 0; index < makers_.size(); index++) {
    v8::Local<v8::Value> value;
    if (!classes->Get(context, Name(isolate_, kMakerNames[index])).ToLocal(&value)) return false;
    if (!value->IsFunction()) {
      isolate_->ThrowException(v8::Exception::TypeError(Name(
          isolate_, std::string("openWebgpu: classes.") + kMakerNames[index] + " is no function")));
      return false;
    }
    makers_[index].Reset(isolate_, value.As<v8::Function>());
  }
  return true;
}

bool Runtime::ReadArrayValues(v8::Local<v8::Context> context, v8::Local<v8::Object> classes) {
  v8::Local<v8::Value> values;
  if (!classes->Get(context, Name(isolate_, "arrayValues")).ToLocal(&values)) return false;
  if (!values->IsFunction()) {
    isolate_->ThrowException(
        v8::Exception::TypeError(Name(isolate_, "openWebgpu: classes.arrayValues is no function")));
    return false;
  }
  array_values_.Reset(isolate_, values);
  return true;
}

bool Runtime::MakeReaders(v8::Local<v8::Context> context) {
  v8::Local<v8::Function> take;
  v8::Local<v8::Function> kind_of;
  v8::Local<v8::Value> readers;
  if (!v8::Function::New(context, TakeRead).ToLocal(&take) ||
      !v8::Function::New(context, KindOf).ToLocal(&kind_of)) {
    return false;
  }
  // A symbol: should it ever be taken for a value, nothing can be made of it.
  v8::Local<v8::Value> end = v8::Symbol::New(isolate_);
  read_end_.Reset(isolate_, end);
  v8::Local<v8::Value> argv[] = {take, kind_of, array_values(), end};
  if (!Make(Maker::kMakeReaders, 4, argv).ToLocal(&readers)) return false;
  for (uint32_t index = 0; index < readers_.size(); index++) {
    v8::Local<v8::Value> reader;
    if (!readers.As<v8::Array>()->Get(context, index).ToLocal(&reader)) return false;
    readers_[index].Reset(isolate_, reader.As<v8::Function>());
  }
  return true;
}

v8::MaybeLocal<v8::Object> Runtime::Install(v8::Local<v8::Context> context,
                                            v8::Local<v8::Object> classes) {
  if (!ReadMakers(context, classes) || !ReadArrayValues(context, classes)) return {};
  detach_key_.Reset(isolate_, v8::Symbol::New(isolate_));
  keep_alive_.Reset(isolate_, v8::Private::New(isolate_));
  v8::Local<v8::Function> nothing;
  v8::ScriptCompiler::Source empty(v8::String::Empty(isolate_));
  if (!v8::ScriptCompiler::CompileFunction(context, &empty).ToLocal(&nothing)) return {};
  nothing_.Reset(isolate_, nothing);
  if (!MakeReaders(context)) return {};
  MakeTemplates();

  v8::Local<v8::Object> exports = v8::Object::New(isolate_);
  const auto add = [&](std::string_view name, v8::Local<v8::Value> value) {
    return exports->CreateDataProperty(context, Name(isolate_, name), value).FromMaybe(false);
  };
  for (size_t kind = 0; kind < kKindCount; kind++) {
    v8::Local<v8::Function> type;
    if (!templates_[kind].Get(isolate_)->GetFunction(context).ToLocal(&type) ||
        !add(kKindNames[kind], type)) {
      return {};
    }
    if (static_cast<Kind>(kind) != Kind::kGPUDevice) continue;
    // A GPUDevice is an EventTarget.
    v8::Local<v8::Value> prototype;
    v8::Local<v8::Value> base;
    v8::Local<v8::Function> event_target = maker(Maker::kEventTarget);
    if (!type->Get(context, strings_.Get(Str::k_prototype)).ToLocal(&prototype) ||
        !event_target->Get(context, strings_.Get(Str::k_prototype)).ToLocal(&base) ||
        !SetPrototype(context, prototype.As<v8::Object>(), base) ||
        !SetPrototype(context, type, event_target) ||
        Make(Maker::kDefineDevice, 1, &prototype).IsEmpty()) {
      return {};
    }
  }
  std::map<std::string_view, v8::Local<v8::Object>> holders;
  for (size_t index = 0; index < kConstantCount; index++) {
    const ConstantSpec& constant = kConstants[index];
    v8::Local<v8::Object>& holder = holders[constant.holder];
    if (holder.IsEmpty()) {
      holder = v8::Object::New(isolate_);
      if (!add(constant.holder, holder) ||
          !holder
               ->DefineOwnProperty(context, v8::Symbol::GetToStringTag(isolate_),
                                   Name(isolate_, constant.holder), kTag)
               .FromMaybe(false)) {
        return {};
      }
    }
    if (!holder
             ->DefineOwnProperty(context, Name(isolate_, constant.name),
                                 v8::Integer::NewFromUnsigned(isolate_, constant.value), kConstant)
             .FromMaybe(false)) {
      return {};
    }
  }
  v8::Local<v8::Object> gpu;
  if (!Wrap(std::make_unique<Object>(this, Kind::kGPU, nullptr), {}).ToLocal(&gpu)) return {};
  if (!add("gpu", gpu)) return {};
  return exports;
}

}  // namespace dcp::webgpu
