// Pipelines, which are counted.
#include <memory>

#include "webgpu/convert.h"
#include "webgpu/generated/dictionaries.h"
#include "webgpu/glue.h"
#include "webgpu/hidden_errors.h"
#include "webgpu/promise_call.h"
#include "webgpu/runtime.h"

namespace dcp::webgpu {

namespace {

constexpr char const* kTooMany = "the Sandbox has as many pipelines as it may have";

// Tells the device, when it goes, that there are too many pipelines.
struct TooManyError {
  ~TooManyError() { procs.deviceInjectError(device, WGPUErrorType_OutOfMemory, ToView(kTooMany)); }

  const Procs& procs;
  const WGPUDevice device;
};

// Dawn makes an invalid pipeline of a shader that is none; that error is nobody's to see.
class ErrorShader {
 public:
  ErrorShader(const Procs& procs, WGPUDevice device)
      : too_many_{procs, device}, hidden_(procs, device) {
    const WGPUShaderSourceWGSL source{{nullptr, WGPUSType_ShaderSourceWGSL}, ToView("")};
    WGPUShaderModuleDescriptor descriptor{};
    descriptor.nextInChain = const_cast<WGPUChainedStruct*>(&source.chain);
    module_ = procs.deviceCreateErrorShaderModule(device, &descriptor, ToView(kTooMany));
  }
  ~ErrorShader() { too_many_.procs.shaderModuleRelease(module_); }
  ErrorShader(const ErrorShader&) = delete;
  ErrorShader& operator=(const ErrorShader&) = delete;

  WGPUShaderModule module() const { return module_; }

 private:
  // Said once errors are seen again.
  const TooManyError too_many_;
  const HiddenErrors hidden_;
  WGPUShaderModule module_;
};

template <typename Handle>
void OnPipeline(WGPUCreatePipelineAsyncStatus status, Handle pipeline, WGPUStringView message,
                void* data, void*) {
  auto* const answered = static_cast<Pending*>(data);
  answered->status = status;
  answered->handle = pipeline;
  answered->text = ToMessage(message);
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

// What the two kinds of pipelines differ in.
struct Compute {
  using Handle = WGPUComputePipeline;
  using Descriptor = WGPUComputePipelineDescriptor;
  using CallbackInfo = WGPUCreateComputePipelineAsyncCallbackInfo;
  static constexpr Kind kKind = Kind::kGPUComputePipeline;
  static constexpr Pending::Kind kPending = Pending::Kind::kComputePipeline;
  static constexpr Where kCall{nullptr, "GPUDevice.createComputePipeline"};
  static constexpr Where kAsyncCall{nullptr, "GPUDevice.createComputePipelineAsync"};
  static constexpr auto kConvert = ConvertGPUComputePipelineDescriptor;
  static constexpr auto kCreate = &Procs::deviceCreateComputePipeline;
  static constexpr auto kCreateAsync = &Procs::deviceCreateComputePipelineAsync;
  static WGPUShaderModule& ModuleOf(Descriptor& descriptor) { return descriptor.compute.module; }
};

struct Render {
  using Handle = WGPURenderPipeline;
  using Descriptor = WGPURenderPipelineDescriptor;
  using CallbackInfo = WGPUCreateRenderPipelineAsyncCallbackInfo;
  static constexpr Kind kKind = Kind::kGPURenderPipeline;
  static constexpr Pending::Kind kPending = Pending::Kind::kRenderPipeline;
  static constexpr Where kCall{nullptr, "GPUDevice.createRenderPipeline"};
  static constexpr Where kAsyncCall{nullptr, "GPUDevice.createRenderPipelineAsync"};
  static constexpr auto kConvert = ConvertGPURenderPipelineDescriptor;
  static constexpr auto kCreate = &Procs::deviceCreateRenderPipeline;
  static constexpr auto kCreateAsync = &Procs::deviceCreateRenderPipelineAsync;
  static WGPUShaderModule& ModuleOf(Descriptor& descriptor) { return descriptor.vertex.module; }
};

template <typename Type>
void Create(const Info& info) {
  Object* const self = Object::Of(info.This());
  Runtime& runtime = *self->runtime;
  if (info.Length() < 1) return ThrowTooFew(info, Type::kCall, 1);
  Conversion c(runtime, info.GetIsolate());
  typename Type::Descriptor descriptor{};
  const Where where{&Type::kCall, "descriptor"};
  if (!Type::kConvert(c, info[0], where, &descriptor) || !c.HasFeatures(info.This(), Type::kCall))
    return;
  const auto device = self->handle<WGPUDevice>();
  const auto create = runtime.procs().*Type::kCreate;
  typename Type::Handle made;
  if (runtime.HasRoomForPipeline()) {
    made = create(device, &descriptor);
  } else {
    const ErrorShader error(runtime.procs(), device);
    Type::ModuleOf(descriptor) = error.module();
    made = create(device, &descriptor);
  }
  runtime.Return(info, std::make_unique<Pipeline>(&runtime, Type::kKind, made), self,
                 c.content(descriptor.label));
}

template <typename Type>
void CreateAsync(const Info& info) {
  PromiseCall call(info, Kind::kGPUDevice, Type::kAsyncCall.name);
  Object* const self = call.self();
  if (self == nullptr) return;
  if (info.Length() < 1) return ThrowTooFew(info, Type::kAsyncCall, 1);
  Runtime& runtime = *self->runtime;
  Conversion c(runtime, info.GetIsolate());
  typename Type::Descriptor descriptor{};
  const Where where{&Type::kAsyncCall, "descriptor"};
  if (!Type::kConvert(c, info[0], where, &descriptor) ||
      !c.HasFeatures(info.This(), Type::kAsyncCall) || !HasRoom(call, runtime)) {
    return;
  }
  Pending* const pending = runtime.Begin(Type::kPending, call.resolver(), info.This());
  pending->SetLabel(pending->label, c.content(descriptor.label).label);
  typename Type::CallbackInfo callback;
  callback.callback = OnPipeline<typename Type::Handle>;
  callback.userdata1 = pending;
  pending->future =
      (runtime.procs().*Type::kCreateAsync)(self->handle<WGPUDevice>(), &descriptor, callback);
}

}  // namespace

void GPUDevice_createComputePipeline(const Info& info) { Create<Compute>(info); }
void GPUDevice_createRenderPipeline(const Info& info) { Create<Render>(info); }
void GPUDevice_createComputePipelineAsync(const Info& info) { CreateAsync<Compute>(info); }
void GPUDevice_createRenderPipelineAsync(const Info& info) { CreateAsync<Render>(info); }

}  // namespace dcp::webgpu
