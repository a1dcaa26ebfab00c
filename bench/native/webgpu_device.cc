#include "webgpu_device.h"

#include <dlfcn.h>

#include <cstdio>
#include <cstdlib>
#include <string_view>

namespace dcp::bench {
namespace {

std::string Text(WGPUStringView view) {
  if (view.data == nullptr) return {};
  return view.length == WGPU_STRLEN ? std::string(view.data) : std::string(view.data, view.length);
}

}  // namespace

void Fail(const std::string& why) {
  std::fprintf(stderr, "webgpu_calls: %s\n", why.c_str());
  std::exit(1);
}

const Procs& LoadProcs(const char* path) {
  void* library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
  if (library == nullptr) Fail(dlerror());
  static Procs procs;
  for (const auto& [symbol, offset] : webgpu::kProcNames) {
    void* function = dlsym(library, symbol);
    if (function == nullptr) Fail(std::string("no function ") + symbol);
    *reinterpret_cast<void**>(reinterpret_cast<char*>(&procs) + offset) = function;
  }
  return procs;
}

Device::Device(const Procs& procs) : procs_(procs) {
  WGPUInstanceDescriptor descriptor;
  descriptor.capabilities.timedWaitAnyEnable = true;
  descriptor.capabilities.timedWaitAnyMaxCount = 1;
  instance_ = procs.createInstance(&descriptor);
  if (instance_ == nullptr) Fail("no instance");

  WGPUAdapter adapter = nullptr;
  WGPURequestAdapterCallbackInfo on_adapter;
  on_adapter.mode = WGPUCallbackMode_WaitAnyOnly;
  on_adapter.userdata1 = &adapter;
  on_adapter.callback = [](WGPURequestAdapterStatus, WGPUAdapter found, WGPUStringView, void* to,
                           void*) { *static_cast<WGPUAdapter*>(to) = found; };
  WGPURequestAdapterOptions options;
  options.featureLevel = WGPUFeatureLevel_Core;
  Wait(procs.instanceRequestAdapter(instance_, &options, on_adapter));
  if (adapter == nullptr) Fail("no adapter");
  WGPUAdapterInfo info;
  procs.adapterGetInfo(adapter, &info);
  adapter_name_ = Text(info.description.length > 0 ? info.description : info.device);
  procs.adapterInfoFreeMembers(info);

  WGPURequestDeviceCallbackInfo on_device;
  on_device.mode = WGPUCallbackMode_WaitAnyOnly;
  on_device.userdata1 = &device_;
  on_device.callback = [](WGPURequestDeviceStatus, WGPUDevice made, WGPUStringView, void* to,
                          void*) { *static_cast<WGPUDevice*>(to) = made; };
  WGPUDeviceDescriptor device_descriptor;
  device_descriptor.uncapturedErrorCallbackInfo.callback =
      [](WGPUDevice const*, WGPUErrorType, WGPUStringView message, void*, void*) {
        Fail("a call of the benchmark is wrong: " + Text(message));
      };
  Wait(procs.adapterRequestDevice(adapter, &device_descriptor, on_device));
  if (device_ == nullptr) Fail("no device");
  procs.adapterRelease(adapter);
  queue_ = procs.deviceGetQueue(device_);
}

void Device::Wait(WGPUFuture future) const {
  WGPUFutureWaitInfo wait;
  wait.future = future;
  if (procs_.instanceWaitAny(instance_, 1, &wait, UINT64_MAX) != WGPUWaitStatus_Success)
    Fail("waiting failed");
}

void Device::WaitForQueue() const {
  WGPUQueueWorkDoneCallbackInfo done;
  done.mode = WGPUCallbackMode_WaitAnyOnly;
  done.callback = [](WGPUQueueWorkDoneStatus, WGPUStringView, void*, void*) {};
  Wait(procs_.queueOnSubmittedWorkDone(queue_, done));
}

WGPUBuffer Device::NewBuffer(uint64_t size, WGPUBufferUsage usage) const {
  WGPUBufferDescriptor descriptor;
  descriptor.size = size;
  descriptor.usage = usage;
  return procs_.deviceCreateBuffer(device_, &descriptor);
}

WGPUShaderModule Device::NewModule(const char* code) const {
  WGPUShaderSourceWGSL source;
  source.chain.sType = WGPUSType_ShaderSourceWGSL;
  source.code.data = code;
  WGPUShaderModuleDescriptor descriptor;
  descriptor.nextInChain = &source.chain;
  return procs_.deviceCreateShaderModule(device_, &descriptor);
}

}  // namespace dcp::bench
