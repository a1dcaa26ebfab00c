// Errors of calls that we make on purpose with what is invalid.
#pragma once

#include "webgpu/webgpu_abi.h"

namespace dcp::webgpu {

// While it lives, validation errors of the device are nobody's to see.
class HiddenErrors {
 public:
  HiddenErrors(const Procs& procs, WGPUDevice device) : procs_(procs), device_(device) {
    procs_.devicePushErrorScope(device_, WGPUErrorFilter_Validation);
  }
  ~HiddenErrors() {
    WGPUPopErrorScopeCallbackInfo callback;
    callback.callback = [](WGPUPopErrorScopeStatus, WGPUErrorType, WGPUStringView, void*, void*) {};
    procs_.devicePopErrorScope(device_, callback);
  }
  HiddenErrors(const HiddenErrors&) = delete;
  HiddenErrors& operator=(const HiddenErrors&) = delete;

 private:
  const Procs& procs_;
  const WGPUDevice device_;
};

}  // namespace dcp::webgpu
