// Public to native/: the one thread that looks after deadlines.
#pragma once

#include <atomic>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <vector>

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

  // Something is to be checked at `due_ms`. Free when the watchdog is awake by then anyway. Any
  // thread.
  void Poke(double due_ms) {
    if (due_ms < next_check_.load(std::memory_order_relaxed)) Wake(due_ms);
  }

 private:
  Watchdog() = default;
  void Start();
  void Wake(double due_ms);
  [[noreturn]] void Loop();

  std::mutex mutex_;
  std::condition_variable wake_;
  std::vector<std::weak_ptr<Watched>> watched_;
  // Until when the thread sleeps; pulled earlier by Wake().
  std::atomic<double> next_check_;
};

}  // namespace dcp
