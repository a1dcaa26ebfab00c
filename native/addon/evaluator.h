// Internal to native/addon: the JavaScript class NativeEvaluator (src/evaluator/native.ts is its
// typed mirror).
#pragma once

#include <napi.h>

#include <cstdint>
#include <memory>
#include <unordered_map>
#include <vector>

#include "addon/event_channel.h"
#include "classic/classic_sandbox.h"
#include "sandbox/run_queue.h"
#include "sandbox/slice_sandbox.h"

namespace dcp {

// All Sandboxes of one host, and the queue its executor threads serve. Belongs to the environment
// that made it.
class NativeEvaluator final : public Napi::ObjectWrap<NativeEvaluator> {
 public:
  static Napi::Function Define(Napi::Env env);

  explicit NativeEvaluator(const Napi::CallbackInfo& info);
  ~NativeEvaluator() override;

 private:
  Napi::Value QueueId(const Napi::CallbackInfo& info);
  void CreateSandbox(const Napi::CallbackInfo& info);
  Napi::Value OfferGpu(const Napi::CallbackInfo& info);
  void RefuseGpu(const Napi::CallbackInfo& info);
  void Assign(const Napi::CallbackInfo& info);
  void Run(const Napi::CallbackInfo& info);
  void Answer(const Napi::CallbackInfo& info);
  void Release(const Napi::CallbackInfo& info);
  void Inspect(const Napi::CallbackInfo& info);
  Napi::Value DefineClassic(const Napi::CallbackInfo& info);
  void CreateClassic(const Napi::CallbackInfo& info);
  Napi::Value Read(const Napi::CallbackInfo& info);
  void EndInput(const Napi::CallbackInfo& info);
  Napi::Value TakeOutput(const Napi::CallbackInfo& info);
  void ReleaseOutput(const Napi::CallbackInfo& info);
  void Dispose(const Napi::CallbackInfo& info);
  void Forget(const Napi::CallbackInfo& info);
  void Ref(const Napi::CallbackInfo& info);
  void Unref(const Napi::CallbackInfo& info);
  void Stop(const Napi::CallbackInfo& info);
  void Close(const Napi::CallbackInfo& info);
  Napi::Value Stats(const Napi::CallbackInfo& info);

  // Null when there is none of that id; of that kind, or of any.
  SliceSandbox* Find(const Napi::CallbackInfo& info);
  ClassicSandbox* FindClassic(const Napi::CallbackInfo& info);
  Sandbox* FindAny(const Napi::CallbackInfo& info);
  void Shutdown();

  node::MultiIsolatePlatform* platform_;
  std::shared_ptr<RunQueue> queue_;
  uint32_t queue_id_;
  std::shared_ptr<EventChannel> channel_;
  std::shared_ptr<const SandboxScripts> scripts_;
  std::shared_ptr<const GpuOffer> gpu_offer_ = std::make_shared<GpuOffer>();
  std::unordered_map<uint32_t, std::shared_ptr<SliceSandbox>> sandboxes_;
  std::unordered_map<uint32_t, std::shared_ptr<ClassicSandbox>> classic_sandboxes_;
  std::vector<std::shared_ptr<const ClassicSetup>> classic_setups_;
};

}  // namespace dcp
