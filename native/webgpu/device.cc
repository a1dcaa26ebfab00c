// GPUDevice, but for what it creates.
#include "webgpu/attributes.h"
#include "webgpu/convert.h"
#include "webgpu/glue.h"
#include "webgpu/promise_call.h"
#include "webgpu/runtime.h"

namespace dcp::webgpu {

void GPUDevice_features(const Info& info) {
  Attribute(info, field::kFeatures, [](Runtime& runtime, const Object& self) {
    WGPUSupportedFeatures features;
    runtime.procs().deviceGetFeatures(self.handle<WGPUDevice>(), &features);
    return MakeFeatures(runtime, features);
  });
}

void GPUDevice_limits(const Info& info) {
  Attribute(info, field::kLimits, [](Runtime& runtime, const Object& self) {
    WGPULimits limits;
    runtime.procs().deviceGetLimits(self.handle<WGPUDevice>(), &limits);
    return MakeLimits(runtime, limits);
  });
}

void GPUDevice_adapterInfo(const Info& info) {
  Attribute(info, field::kInfo, [](Runtime& runtime, const Object& self) {
    WGPUAdapterInfo adapter;
    runtime.procs().deviceGetAdapterInfo(self.handle<WGPUDevice>(), &adapter);
    return MakeAdapterInfo(runtime, adapter);
  });
}

// Made with the device.
void GPUDevice_queue(const Info& info) {
  info.GetReturnValue().Set(info.This()->GetInternalField(field::kQueue).As<v8::Value>());
}

void GPUDevice_lost(const Info& info) {
  Runtime* const runtime = Runtime::Of(info.GetIsolate());
  if (runtime != nullptr && runtime->IsA(info.This(), Kind::kGPUDevice)) {
    info.GetReturnValue().Set(info.This()->GetInternalField(field::kLost).As<v8::Value>());
    return;
  }
  // An attribute whose value is a promise rejects one where others throw.
  const PromiseCall call(info, Kind::kGPUDevice, "GPUDevice.lost");
}

void GPUDevice_destroy(const Info& info) {
  Object* const self = Object::Of(info.This());
  const auto device = self->handle<WGPUDevice>();
  self->runtime->DeviceDestroyed(device);
  self->runtime->procs().deviceDestroy(device);
}

void GPUDevice_pushErrorScope(const Info& info) {
  auto* const self = static_cast<Device*>(Object::Of(info.This()));
  static constexpr Where kCall{nullptr, "GPUDevice.pushErrorScope"};
  if (info.Length() < 1) return ThrowTooFew(info, kCall, 1);
  Conversion c(*self->runtime, info.GetIsolate());
  WGPUErrorFilter filter;
  if (!c.ToEnum(info[0], {&kCall, "filter"}, EnumId::kGPUErrorFilter, &filter)) return;
  self->runtime->procs().devicePushErrorScope(self->handle<WGPUDevice>(), filter);
  self->ErrorScopePushed(filter);
}

// There because programs look for it, and replace it. No value is a source of the types that it
// takes: a Sandbox has neither.
void GPUDevice_importExternalTexture(const Info& info) {
  static constexpr Where kCall{nullptr, "GPUDevice.importExternalTexture"};
  if (info.Length() < 1) return ThrowTooFew(info, kCall, 1);
  Conversion c(*Object::Of(info.This())->runtime, info.GetIsolate());
  const Where descriptor{&kCall, "descriptor"};
  v8::Local<v8::Object> object;
  if (!c.ToDictionary(info[0], descriptor, &object)) return;
  c.Fail({&descriptor, "source"},
         "neither an HTMLVideoElement nor a VideoFrame; a Sandbox has no video");
}

void GPUDevice_popErrorScope(const Info& info) {
  PromiseCall call(info, Kind::kGPUDevice, "GPUDevice.popErrorScope");
  auto* const self = call.self<Device>();
  if (self == nullptr) return;
  self->ErrorScopePopped();
  Pending* const pending =
      self->runtime->Begin(Pending::Kind::kErrorScope, call.resolver(), info.This());
  WGPUPopErrorScopeCallbackInfo callback;
  callback.callback = [](WGPUPopErrorScopeStatus status, WGPUErrorType type, WGPUStringView message,
                         void* data, void*) {
    auto* const answered = static_cast<Pending*>(data);
    answered->status = status;
    answered->type = type;
    answered->text = ToMessage(message);
    answered->runtime->Complete(answered);
  };
  callback.userdata1 = pending;
  pending->future =
      self->runtime->procs().devicePopErrorScope(self->handle<WGPUDevice>(), callback);
}

}  // namespace dcp::webgpu
