// Internal to native/addon: the JavaScript class EvaluatorMemory (src/evaluator/native.ts is its
// typed mirror).
#pragma once

#include <napi.h>

#include <memory>

namespace dcp {

struct TaskMemory;

// An evaluator process's side of two memory files that its host made: in one the host puts the
// bytes of Slices, in the other Sandboxes have their long buffers, where the host reads results.
// Once in a process.
class EvaluatorMemory final : public Napi::ObjectWrap<EvaluatorMemory> {
 public:
  static Napi::Function Define(Napi::Env env);

  explicit EvaluatorMemory(const Napi::CallbackInfo& info);

 private:
  Napi::Value ViewTask(const Napi::CallbackInfo& info);
  Napi::Value TaskOffsetOf(const Napi::CallbackInfo& info);
  Napi::Value ResultOffsetOf(const Napi::CallbackInfo& info);
  Napi::Value TakeFreed(const Napi::CallbackInfo& info);
  Napi::Value DiscardAged(const Napi::CallbackInfo& info);

  std::shared_ptr<TaskMemory> tasks_;
};

// dropViews(views): detaches them, so that their memory is given back now and not when garbage is
// collected.
void DropViews(const Napi::CallbackInfo& info);

}  // namespace dcp
