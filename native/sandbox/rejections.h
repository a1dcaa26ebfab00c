// Public to native/sandbox: promises that are rejected while nobody handles them.
#pragma once

#include <v8.h>

#include <cstdint>
#include <vector>

namespace dcp {

// HTML's "about-to-be-notified rejected promises list" and "outstanding rejected promises" of one
// isolate. Used on the executing thread, with the isolate entered.
class Rejections {
 public:
  // For v8::PromiseRejectCallback. `slice` is the Slice that runs.
  void Note(v8::Isolate* isolate, const v8::PromiseRejectMessage& message, double slice);

  size_t size() const { return unhandled_.size() + handled_.size(); }

  // Promise, reason and Slice of each promise that nobody handles yet, then promise, undefined and
  // -1 of each that is handled after it was taken as one of the former. None of them is left.
  v8::Local<v8::Array> Take(v8::Isolate* isolate);

  void Clear();

 private:
  // A Work Function may reject promises without end. What is more is forgotten.
  static constexpr size_t kMost = 1000;

  struct Rejection {
    v8::Global<v8::Promise> promise;
    v8::Global<v8::Value> reason;
    double slice;
  };
  std::vector<Rejection> unhandled_;
  std::vector<v8::Global<v8::Promise>> handled_;
};

}  // namespace dcp
