// Public to native/: what the host hands to a Sandbox.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "sandbox/modules.h"
#include "sandbox/sandbox_gpu.h"
#include "sandbox/slice_io.h"

namespace dcp {

// Of the Job; times in milliseconds.
struct SliceLimits {
  double slice_ms;
  double progress_ms;
  // CPU time of one Slice.
  double cpu_ms;
  // Time the GPU works for one Slice.
  double gpu_ms;
};

// What a Sandbox needs to know of its Job; `description` is JSON for the prelude.
struct Assignment {
  std::string description;
  // `JobEntries` of src/sandbox says what it means.
  bool plain;
  std::string work_function;
  std::optional<Modules> modules;
  // An empty head: there are none.
  Payload arguments;
  SliceLimits limits;
  // Null: the Job gets no WebGPU.
  std::shared_ptr<const GpuOffer> gpu;
};

// What the host says to a request that a Sandbox posted under this number.
struct Answer {
  double request;
  std::string text;
  std::vector<Bytes> segments;
};

using Command = std::variant<Assignment, SliceBatch, Answer>;

}  // namespace dcp
