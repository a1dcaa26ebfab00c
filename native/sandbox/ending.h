// Internal to native/sandbox: why a Sandbox ends.
#pragma once

#include <atomic>
#include <cstdint>
#include <mutex>
#include <string>
#include <utility>

namespace dcp {

// An empty code: because it was told to.
struct End {
  std::string code;
  std::string message;
  // The Slice that brought it about, 0: none did.
  uint32_t slice = 0;
};

// Decided once; the first reason counts. Any thread.
class Ending {
 public:
  void Decide(End end) {
    std::lock_guard lock(mutex_);
    if (decided_) return;
    end_ = std::move(end);
    decided_ = true;
  }
  bool decided() const { return decided_; }
  // A copy: others may be reading it, too.
  End Get() const {
    std::lock_guard lock(mutex_);
    return end_;
  }

 private:
  mutable std::mutex mutex_;
  std::atomic<bool> decided_{false};
  End end_;
};

}  // namespace dcp
