#include "sandbox/rejections.h"

#include <utility>

namespace dcp {

void Rejections::Note(v8::Isolate* isolate, const v8::PromiseRejectMessage& message, double slice) {
  v8::Local<v8::Promise> promise = message.GetPromise();
  if (message.GetEvent() == v8::kPromiseRejectWithNoHandler) {
    if (unhandled_.size() == kMost) return;
    unhandled_.push_back({v8::Global<v8::Promise>(isolate, promise),
                          v8::Global<v8::Value>(isolate, message.GetValue()), slice});
  } else if (message.GetEvent() == v8::kPromiseHandlerAddedAfterReject) {
    // Most are handled at once, so the one that is looked for is the last.
    for (size_t index = unhandled_.size(); index > 0; index--) {
      if (unhandled_[index - 1].promise == promise) {
        unhandled_.erase(unhandled_.begin() + static_cast<std::ptrdiff_t>(index - 1));
        return;
      }
    }
    if (handled_.size() < kMost) handled_.emplace_back(isolate, promise);
  }
}

v8::Local<v8::Array> Rejections::Take(v8::Isolate* isolate) {
  std::vector<v8::Local<v8::Value>> list;
  list.reserve(size() * 3);
  for (const Rejection& rejection : unhandled_) {
    list.push_back(rejection.promise.Get(isolate));
    list.push_back(rejection.reason.Get(isolate));
    list.push_back(v8::Number::New(isolate, rejection.slice));
  }
  for (const auto& promise : handled_) {
    list.push_back(promise.Get(isolate));
    list.push_back(v8::Undefined(isolate));
    list.push_back(v8::Number::New(isolate, -1));
  }
  Clear();
  return v8::Array::New(isolate, list.data(), list.size());
}

void Rejections::Clear() {
  unhandled_.clear();
  handled_.clear();
}

}  // namespace dcp
