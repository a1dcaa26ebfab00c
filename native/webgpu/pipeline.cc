// Pipelines, which are counted, and what compiling a shader has to say.
#include <memory>
#include <string>

#include "webgpu/convert.h"
#include "webgpu/generated/dictionaries.h"
#include "webgpu/glue.h"
#include "webgpu/runtime.h"

namespace dcp::webgpu {

namespace {

constexpr char const* kTooMany = "the Sandbox has as many pipelines as it may have";

// Dawn makes an invalid pipeline of a shader that is none; that error is nobody's to see.
struct ErrorShader {
  ErrorShader(const Procs& of, WGPUDevice made_by) : procs(of), device(made_by) {
    const WGPUShaderSourceWGSL source{{nullptr, WGPUSType_ShaderSourceWGSL}, ToView("")};
    WGPUShaderModuleDescriptor descriptor{};
    descriptor.nextInChain = const_cast<WGPUChainedStruct*>(&source.chain);
    procs.devicePushErrorScope(device, WGPUErrorFilter_Validation);
    module = procs.deviceCreateErrorShaderModule(device, &descriptor, ToView(kTooMany));
  }
  ~ErrorShader() {
    WGPUPopErrorScopeCallbackInfo callback;
    callback.callback = [](WGPUPopErrorScopeStatus, WGPUErrorType, WGPUStringView, void*, void*) {};
    procs.devicePopErrorScope(device, callback);
    procs.shaderModuleRelease(module);
    procs.deviceInjectError(device, WGPUErrorType_OutOfMemory, ToView(kTooMany));
  }
  ErrorShader(const ErrorShader&) = delete;
  ErrorShader& operator=(const ErrorShader&) = delete;

  const Procs& procs;
  const WGPUDevice device;
  WGPUShaderModule module;
};

template <typename Handle>
void OnPipeline(WGPUCreatePipelineAsyncStatus status, Handle pipeline, WGPUStringView message,
                void* data, void*) {
  auto* const answered = static_cast<Pending*>(data);
  answered->status = status;
  answered->handle = pipeline;
  answered->text = ToText(message);
  answered->runtime->Complete(answered);
}

// Answers whether there is room; if not, the promise is rejected.
bool HasRoom(PromiseCall& call, Runtime& runtime) {
  if (runtime.HasRoomForPipeline()) return true;
  v8::Local<v8::Value> argv[] = {runtime.strings().Get(Str::k_internal), runtime.String(kTooMany)};
  v8::Local<v8::Value> error;
  if (runtime.Make(Maker::kNewPipelineError, 2, argv).ToLocal(&error)) call.Reject(error);
  return false;
}

}  // namespace

void GPUDevice_createComputePipeline(const Info& info) {
  Object* const self = Object::Of(info.This());
  Runtime& runtime = *self->runtime;
  static constexpr Where kCall{nullptr, "GPUDevice.createComputePipeline"};
  if (info.Length() < 1) return ThrowTooFew(info, kCall, 1);
  Conversion c(runtime, info.GetIsolate());
  WGPUComputePipelineDescriptor descriptor{};
  const Where where{&kCall, "descriptor"};
  if (!ConvertGPUComputePipelineDescriptor(c, info[0], where, &descriptor)) return;
  const auto device = self->handle<WGPUDevice>();
  WGPUComputePipeline made;
  if (runtime.HasRoomForPipeline()) {
    made = runtime.procs().deviceCreateComputePipeline(device, &descriptor);
  } else {
    const ErrorShader error(runtime.procs(), device);
    descriptor.compute.module = error.module;
    made = runtime.procs().deviceCreateComputePipeline(device, &descriptor);
  }
  runtime.Return(info, std::make_unique<Pipeline>(&runtime, Kind::kGPUComputePipeline, made), self,
                 c.texts(descriptor.label));
}

void GPUDevice_createRenderPipeline(const Info& info) {
  Object* const self = Object::Of(info.This());
  Runtime& runtime = *self->runtime;
  static constexpr Where kCall{nullptr, "GPUDevice.createRenderPipeline"};
  if (info.Length() < 1) return ThrowTooFew(info, kCall, 1);
  Conversion c(runtime, info.GetIsolate());
  WGPURenderPipelineDescriptor descriptor{};
  const Where where{&kCall, "descriptor"};
  if (!ConvertGPURenderPipelineDescriptor(c, info[0], where, &descriptor) ||
      !c.HasFeatures(info.This(), kCall)) {
    return;
  }
  const auto device = self->handle<WGPUDevice>();
  WGPURenderPipeline made;
  if (runtime.HasRoomForPipeline()) {
    made = runtime.procs().deviceCreateRenderPipeline(device, &descriptor);
  } else {
    const ErrorShader error(runtime.procs(), device);
    descriptor.vertex.module = error.module;
    made = runtime.procs().deviceCreateRenderPipeline(device, &descriptor);
  }
  runtime.Return(info, std::make_unique<Pipeline>(&runtime, Kind::kGPURenderPipeline, made), self,
                 c.texts(descriptor.label));
}

void GPUDevice_createComputePipelineAsync(const Info& info) {
  static constexpr Where kCall{nullptr, "GPUDevice.createComputePipelineAsync"};
  PromiseCall call(info, Kind::kGPUDevice, kCall.name);
  Object* const self = call.self();
  if (self == nullptr) return;
  if (info.Length() < 1) return ThrowTooFew(info, kCall, 1);
  Runtime& runtime = *self->runtime;
  Conversion c(runtime, info.GetIsolate());
  WGPUComputePipelineDescriptor descriptor{};
  const Where where{&kCall, "descriptor"};
  if (!ConvertGPUComputePipelineDescriptor(c, info[0], where, &descriptor)) return;
  if (!HasRoom(call, runtime)) return;
  Pending* const pending =
      runtime.Begin(Pending::Kind::kComputePipeline, call.resolver(), info.This());
  pending->label = ToText(descriptor.label);
  WGPUCreateComputePipelineAsyncCallbackInfo callback;
  callback.callback = OnPipeline<WGPUComputePipeline>;
  callback.userdata1 = pending;
  pending->future = runtime.procs().deviceCreateComputePipelineAsync(self->handle<WGPUDevice>(),
                                                                     &descriptor, callback);
}

void GPUDevice_createRenderPipelineAsync(const Info& info) {
  static constexpr Where kCall{nullptr, "GPUDevice.createRenderPipelineAsync"};
  PromiseCall call(info, Kind::kGPUDevice, kCall.name);
  Object* const self = call.self();
  if (self == nullptr) return;
  if (info.Length() < 1) return ThrowTooFew(info, kCall, 1);
  Runtime& runtime = *self->runtime;
  Conversion c(runtime, info.GetIsolate());
  WGPURenderPipelineDescriptor descriptor{};
  const Where where{&kCall, "descriptor"};
  if (!ConvertGPURenderPipelineDescriptor(c, info[0], where, &descriptor) ||
      !c.HasFeatures(info.This(), kCall)) {
    return;
  }
  if (!HasRoom(call, runtime)) return;
  Pending* const pending =
      runtime.Begin(Pending::Kind::kRenderPipeline, call.resolver(), info.This());
  pending->label = ToText(descriptor.label);
  WGPUCreateRenderPipelineAsyncCallbackInfo callback;
  callback.callback = OnPipeline<WGPURenderPipeline>;
  callback.userdata1 = pending;
  pending->future = runtime.procs().deviceCreateRenderPipelineAsync(self->handle<WGPUDevice>(),
                                                                    &descriptor, callback);
}

namespace {

// What Dawn adds to a message: positions in UTF-16 code units, as JavaScript counts.
struct MessageInUtf16 {
  WGPUChainedStruct chain;
  uint64_t line_position;
  uint64_t offset;
  uint64_t length;
};
constexpr uint32_t kMessageInUtf16 = 327743;

void OnCompilationInfo(WGPUCompilationInfoRequestStatus status, WGPUCompilationInfo const* info,
                       void* data, void*) {
  auto* const answered = static_cast<Pending*>(data);
  answered->status = status;
  for (size_t index = 0; info != nullptr && index < info->messageCount; index++) {
    const WGPUCompilationMessage& message = info->messages[index];
    Pending::Message copy{ToText(message.message), message.type,   message.lineNum,
                          message.linePos,         message.offset, message.length};
    for (const WGPUChainedStruct* part = message.nextInChain; part != nullptr; part = part->next) {
      if (part->sType != static_cast<WGPUSType>(kMessageInUtf16)) continue;
      const auto* const utf16 = reinterpret_cast<const MessageInUtf16*>(part);
      copy.column = utf16->line_position;
      copy.offset = utf16->offset;
      copy.length = utf16->length;
    }
    answered->messages.push_back(std::move(copy));
  }
  answered->runtime->Complete(answered);
}

}  // namespace

void GPUShaderModule_getCompilationInfo(const Info& info) {
  PromiseCall call(info, Kind::kGPUShaderModule, "GPUShaderModule.getCompilationInfo");
  Object* const self = call.self();
  if (self == nullptr) return;
  Pending* const pending =
      self->runtime->Begin(Pending::Kind::kCompilationInfo, call.resolver(), info.This());
  WGPUCompilationInfoCallbackInfo callback;
  callback.callback = OnCompilationInfo;
  callback.userdata1 = pending;
  pending->future = self->runtime->procs().shaderModuleGetCompilationInfo(
      self->handle<WGPUShaderModule>(), callback);
}

}  // namespace dcp::webgpu
