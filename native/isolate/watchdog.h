// Public to native/: the one thread that looks after deadlines.
#pragma once

#include <atomic>
#include <memory>
#include <mutex>
#include <vector>

#include "isolate/clock.h"

namespace dcp {

// Something with deadlines.
class Watched {
 public:
  // Called on the watchdog's thread, without any lock held. Acts on what is overdue and answers
  // when to look again, in MonotonicMs() terms (infinity: when poked). Must be quick.
  virtual double Check(double now_ms) = 0;

 protected:
  ~Watched() = default;
};

// One per process, started by first use. Never joined: it sleeps when there is nothing to watch,
// and lives as long as the process (the addon is never unloaded).
class Watchdog {
 public:
  static Watchdog& Instance();

  // Watches for as long as somebody else keeps it alive.
  void Add(std::weak_ptr<Watched> watched);

  // Something is to be checked at `due_ms`. Free when the watchdog is awake by then anyway, a
  // system call otherwise: the timer is set, and the thread sleeps on. Any thread.
  void Poke(double due_ms) {
    if (due_ms < next_check_.load(std::memory_order_relaxed)) PullEarlier(due_ms);
  }

 private:
  Watchdog();
  void Start();
  void PullEarlier(double due_ms);
  // With the lock.
  void SleepUntil(double due_ms);
  [[noreturn]] void Loop();

  const int timer_fd_;
  std::mutex mutex_;
  std::vector<std::weak_ptr<Watched>> watched_;
  // When the timer fires.
  std::atomic<double> next_check_ = kNever;
  // The same on the kernel's clock, which goes on while time is held.
  std::atomic<double> timer_due_ms_ = kNever;
};

}  // namespace dcp
