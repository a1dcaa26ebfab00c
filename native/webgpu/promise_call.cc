#include "webgpu/promise_call.h"

#include <string>

#include "v8/rethrow.h"
#include "webgpu/runtime.h"

namespace dcp::webgpu {

PromiseCall::PromiseCall(const Info& info, Kind kind, char const* name)
    : isolate_(info.GetIsolate()), caught_(isolate_) {
  if (!v8::Promise::Resolver::New(isolate_->GetCurrentContext()).ToLocal(&resolver_)) return;
  info.GetReturnValue().Set(resolver_->GetPromise());
  Runtime* const runtime = Runtime::Of(isolate_);
  if (runtime != nullptr && runtime->IsA(info.This(), kind)) {
    self_ = Object::Of(info.This());
    return;
  }
  const std::string message = std::string(name) + ": Illegal invocation";
  Reject(v8::Exception::TypeError(
      v8::String::NewFromUtf8(isolate_, message.c_str()).ToLocalChecked()));
}

PromiseCall::~PromiseCall() {
  if (!caught_.HasCaught()) return;
  // The end of the execution is nobody's to catch.
  if (!caught_.CanContinue() || resolver_.IsEmpty()) {
    Rethrow(isolate_, caught_);
    return;
  }
  v8::Local<v8::Value> reason = caught_.Exception();
  caught_.Reset();
  Reject(reason);
}

void PromiseCall::Reject(v8::Local<v8::Value> reason) {
  RejectPromise(resolver_, isolate_->GetCurrentContext(), reason);
}

void PromiseCall::RejectDOMException(std::string_view name, std::string_view message) {
  Reject(Runtime::Of(isolate_)->NewDOMException(name, message));
}

}  // namespace dcp::webgpu
