// Public to native/: CPU time of something that runs on one thread after another.
#pragma once

#include <pthread.h>

#include <ctime>
#include <mutex>

#include "isolate/clock.h"

namespace dcp {

class CpuMeter {
 public:
  // From here to Stop() it runs on the calling thread.
  void Start() {
    std::lock_guard lock(mutex_);
    running_ = pthread_getcpuclockid(pthread_self(), &clock_) == 0;
    at_start_ms_ = ThreadCpuMs();
  }
  void Stop() {
    std::lock_guard lock(mutex_);
    before_ms_ += ThreadCpuMs() - at_start_ms_;
    at_start_ms_ = 0;
    running_ = false;
  }

  // So far. Only between Start() and Stop(), on their thread.
  double Ms() const { return before_ms_ + ThreadCpuMs() - at_start_ms_; }

  // So far, any thread. Up to 1 µs.
  double MsFromOutside() {
    std::lock_guard lock(mutex_);
    return running_ ? before_ms_ + ReadClockMs(clock_) - at_start_ms_ : before_ms_;
  }

 private:
  std::mutex mutex_;
  bool running_ = false;
  clockid_t clock_ = 0;
  double before_ms_ = 0;
  double at_start_ms_ = 0;
};

// The calling thread runs what is measured for as long as this lives.
class CpuMeterScope {
 public:
  explicit CpuMeterScope(CpuMeter* meter) : meter_(meter) { meter_->Start(); }
  ~CpuMeterScope() { meter_->Stop(); }
  CpuMeterScope(const CpuMeterScope&) = delete;
  CpuMeterScope& operator=(const CpuMeterScope&) = delete;

 private:
  CpuMeter* const meter_;
};

}  // namespace dcp
