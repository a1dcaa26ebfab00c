// Public to native/: what a Sandbox is made with.
#pragma once

#include <node.h>

#include <cstddef>
#include <cstdint>
#include <memory>

#include "sandbox/environment.h"
#include "sandbox/sandbox_gpu.h"

namespace dcp {

struct SandboxOptions {
  uint32_t id;
  node::MultiIsolatePlatform* platform;
  std::shared_ptr<const SandboxScripts> scripts;
  size_t heap_bytes;
  size_t buffer_bytes;
  // Of one result, head and segments.
  size_t result_bytes;
  GpuLimits gpu;
  // A debugger may look into it.
  bool inspected = false;
};

}  // namespace dcp
