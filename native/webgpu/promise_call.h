// Internal to native/webgpu: methods that answer promises.
#pragma once

#include <v8.h>

#include <string_view>

#include "webgpu/interfaces.h"
#include "webgpu/object.h"

namespace dcp::webgpu {

// A call whose failures reject its promise. On the stack, for as long as the call.
class PromiseCall {
 public:
  // The receiver must be of that interface; otherwise self() is null, and the promise rejected.
  PromiseCall(const Info& info, Kind kind, char const* name);
  ~PromiseCall();
  PromiseCall(const PromiseCall&) = delete;
  PromiseCall& operator=(const PromiseCall&) = delete;

  template <typename T = Object>
  T* self() const {
    return static_cast<T*>(self_);
  }
  v8::Local<v8::Promise::Resolver> resolver() const { return resolver_; }
  void Reject(v8::Local<v8::Value> reason);
  void RejectDOMException(std::string_view name, std::string_view message);

 private:
  v8::Isolate* const isolate_;
  v8::TryCatch caught_;
  v8::Local<v8::Promise::Resolver> resolver_;
  Object* self_ = nullptr;
};

// Both fail only when the execution ends.
inline void ResolvePromise(v8::Local<v8::Promise::Resolver> resolver,
                           v8::Local<v8::Context> context, v8::Local<v8::Value> value) {
  resolver->Resolve(context, value).FromMaybe(false);
}
inline void RejectPromise(v8::Local<v8::Promise::Resolver> resolver, v8::Local<v8::Context> context,
                          v8::Local<v8::Value> reason) {
  resolver->Reject(context, reason).FromMaybe(false);
}

}  // namespace dcp::webgpu
