// Public to native/: making the functions that our scripts may call.
#pragma once

#include <v8.h>

#include <string_view>

#include "v8/strings.h"

namespace dcp {

using Arguments = v8::FunctionCallbackInfo<v8::Value>;

// Gives an object native functions and values. Those of a Sandbox's scripts only: the Work Function
// never gets hold of it.
class HostObject {
 public:
  HostObject(v8::Local<v8::Context> context, v8::Local<v8::Object> object)
      : context_(context), object_(object) {}

  void Add(std::string_view name, v8::Local<v8::Value> value) {
    v8::Isolate* isolate = v8::Isolate::GetCurrent();
    ok_ = ok_ && object_->CreateDataProperty(context_, Name(isolate, name), value).FromMaybe(false);
  }

  void Add(std::string_view name, v8::FunctionCallback callback) {
    v8::Local<v8::Function> function;
    ok_ = ok_ && v8::Function::New(context_, callback, {}, 0, v8::ConstructorBehavior::kThrow)
                     .ToLocal(&function);
    if (ok_) Add(name, function);
  }

  // False when something could not be made: an exception is pending, or a termination.
  bool ok() const { return ok_; }

 private:
  const v8::Local<v8::Context> context_;
  const v8::Local<v8::Object> object_;
  bool ok_ = true;
};

// Our scripts share their realm with hostile code: what they hand over is checked like foreign
// data, and this is the answer to what does not fit.
inline void ThrowTypeError(v8::Isolate* isolate, std::string_view message) {
  isolate->ThrowException(v8::Exception::TypeError(Name(isolate, message)));
}

}  // namespace dcp
