// GPUQuerySet: what of it is counted.
#include <memory>

#include "webgpu/convert.h"
#include "webgpu/generated/dictionaries.h"
#include "webgpu/glue.h"
#include "webgpu/hidden_errors.h"
#include "webgpu/runtime.h"

namespace dcp::webgpu {

namespace {

// SwiftShader takes 400 for each query, others 8 to 32.
constexpr uint64_t kQueryBytes = 400;
// Dawn refuses sets of more before it takes memory.
constexpr uint32_t kMostQueries = 4096;

// Dawn makes an invalid set of a descriptor with an extension that there is not.
WGPUQuerySet MakeInvalid(const Procs& procs, WGPUDevice device, WGPUQuerySetDescriptor descriptor) {
  WGPUChainedStruct unknown{nullptr, static_cast<WGPUSType>(kUnknownToDawn)};
  descriptor.nextInChain = &unknown;
  const HiddenErrors hidden(procs, device);
  return procs.deviceCreateQuerySet(device, &descriptor);
}

}  // namespace

void GPUDevice_createQuerySet(const Info& info) {
  Object* const self = Object::Of(info.This());
  Runtime& runtime = *self->runtime;
  static constexpr Where kCall{nullptr, "GPUDevice.createQuerySet"};
  if (info.Length() < 1) return ThrowTooFew(info, kCall, 1);
  Conversion c(runtime, info.GetIsolate());
  WGPUQuerySetDescriptor descriptor{};
  const Where where{&kCall, "descriptor"};
  if (!ConvertGPUQuerySetDescriptor(c, info[0], where, &descriptor) ||
      !c.HasFeatures(info.This(), kCall)) {
    return;
  }
  const auto device = self->handle<WGPUDevice>();
  const Procs& procs = runtime.procs();
  uint64_t bytes = descriptor.count > kMostQueries ? 0 : descriptor.count * kQueryBytes;
  WGPUQuerySet made;
  if (runtime.HasRoomFor(bytes)) {
    made = procs.deviceCreateQuerySet(device, &descriptor);
  } else {
    bytes = 0;
    runtime.RefuseMemory(device);
    made = MakeInvalid(procs, device, descriptor);
  }
  runtime.Return(info,
                 std::make_unique<Resource>(&runtime, Kind::kGPUQuerySet, made, device, bytes),
                 self, c.content(descriptor.label));
}

void GPUQuerySet_destroy(const Info& info) {
  auto* const self = static_cast<Resource*>(Object::Of(info.This()));
  self->memory().Free();
  self->runtime->procs().querySetDestroy(self->handle<WGPUQuerySet>());
}

}  // namespace dcp::webgpu
