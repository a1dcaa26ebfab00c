// Internal to native/addon: the JavaScript class PressureTrigger (src/system/pressure-trigger.ts is
// its typed mirror).
#pragma once

#include <napi.h>
#include <uv.h>

#include <string>

namespace dcp {

// Waits in the loop of its environment, and keeps it running for nothing.
class PressureTriggerObject final : public Napi::ObjectWrap<PressureTriggerObject> {
 public:
  static Napi::Function Define(Napi::Env env);

  explicit PressureTriggerObject(const Napi::CallbackInfo& info);
  ~PressureTriggerObject() override;

 private:
  // open(file, trigger, onPressure): 0, or a number of errno.
  Napi::Value Open(const Napi::CallbackInfo& info);
  // No call of onPressure follows.
  void Close(const Napi::CallbackInfo& info);

  void OnEvent(int status, int events);
  void CloseHandle();

  // Lives until the loop has closed it, which may be after this object; null: closed.
  struct Handle {
    uv_poll_t poll;
    int fd;
    PressureTriggerObject* owner;
  };
  Handle* handle_ = nullptr;
  Napi::FunctionReference on_pressure_;
};

}  // namespace dcp
