#include "addon/pressure.h"

#include <unistd.h>

#include "system/pressure_trigger.h"

namespace dcp {

Napi::Function PressureTriggerObject::Define(Napi::Env env) {
  return DefineClass(env, "PressureTrigger",
                     {
                         InstanceMethod<&PressureTriggerObject::Open>("open"),
                         InstanceMethod<&PressureTriggerObject::Close>("close"),
                     });
}

PressureTriggerObject::PressureTriggerObject(const Napi::CallbackInfo& info)
    : Napi::ObjectWrap<PressureTriggerObject>(info) {}

PressureTriggerObject::~PressureTriggerObject() { CloseHandle(); }

Napi::Value PressureTriggerObject::Open(const Napi::CallbackInfo& info) {
  CloseHandle();
  const int fd = OpenPressureTrigger(info[0].As<Napi::String>().Utf8Value(),
                                     info[1].As<Napi::String>().Utf8Value());
  if (fd < 0) return Napi::Number::New(info.Env(), -fd);
  on_pressure_ = Napi::Persistent(info[2].As<Napi::Function>());
  uv_loop_t* loop = nullptr;
  napi_get_uv_event_loop(info.Env(), &loop);
  auto* handle = new Handle{{}, fd, this};
  int error = uv_poll_init(loop, &handle->poll, fd);
  if (error != 0) {
    // Nothing of it is in the loop yet.
    close(fd);
    delete handle;
    return Napi::Number::New(info.Env(), -error);
  }
  handle->poll.data = handle;
  handle_ = handle;
  error = uv_poll_start(&handle->poll, UV_PRIORITIZED, [](uv_poll_t* poll, int status, int events) {
    PressureTriggerObject* owner = static_cast<Handle*>(poll->data)->owner;
    if (owner != nullptr) owner->OnEvent(status, events);
  });
  if (error != 0) CloseHandle();
  else uv_unref(reinterpret_cast<uv_handle_t*>(&handle->poll));
  return Napi::Number::New(info.Env(), -error);
}

void PressureTriggerObject::Close(const Napi::CallbackInfo&) { CloseHandle(); }

void PressureTriggerObject::OnEvent(int status, int events) {
  // An error stays one: the loop would turn for ever.
  if (status < 0) return CloseHandle();
  if ((events & UV_PRIORITIZED) == 0) return;
  Napi::Env env = Env();
  Napi::HandleScope scope(env);
  on_pressure_.MakeCallback(Value(), {});
}

void PressureTriggerObject::CloseHandle() {
  Handle* handle = handle_;
  if (handle == nullptr) return;
  handle_ = nullptr;
  handle->owner = nullptr;
  uv_close(reinterpret_cast<uv_handle_t*>(&handle->poll), [](uv_handle_t* poll) {
    auto* closed = static_cast<Handle*>(poll->data);
    close(closed->fd);
    delete closed;
  });
}

}  // namespace dcp
