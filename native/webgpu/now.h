// Internal to native/webgpu: the monotonic clock.
#pragma once

#include <chrono>

namespace dcp::webgpu {

// Milliseconds.
inline double NowMs() {
  return std::chrono::duration<double, std::milli>(
             std::chrono::steady_clock::now().time_since_epoch())
      .count();
}

}  // namespace dcp::webgpu
