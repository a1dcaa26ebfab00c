// A device of a Dawn library through its C interface, and what it takes to wait for it.
#pragma once

#include <cstdint>
#include <string>

#include "webgpu/webgpu_abi.h"

namespace dcp::bench {

using webgpu::Procs;

// Ends the process with the reason: a benchmark that goes wrong has nothing to say.
[[noreturn]] void Fail(const std::string& why);

// Opens the library.
const Procs& LoadProcs(const char* path);

class Device {
 public:
  // The default adapter's. As a program in C would make it: nothing is asked for that WebGPU does
  // not have.
  explicit Device(const Procs& procs);

  const Procs& procs() const { return procs_; }
  WGPUDevice get() const { return device_; }
  WGPUQueue queue() const { return queue_; }
  const std::string& adapter_name() const { return adapter_name_; }

  // Waits until the answer has come.
  void Wait(WGPUFuture future) const;
  // Waits until the queue has nothing to do.
  void WaitForQueue() const;

  WGPUBuffer NewBuffer(uint64_t size, WGPUBufferUsage usage) const;
  WGPUShaderModule NewModule(const char* code) const;

 private:
  const Procs& procs_;
  WGPUInstance instance_ = nullptr;
  WGPUDevice device_ = nullptr;
  WGPUQueue queue_ = nullptr;
  std::string adapter_name_;
};

}  // namespace dcp::bench
