// Public to native/: which Sandbox runs when, and on which thread.
#pragma once

#include <v8.h>

#include <atomic>
#include <deque>
#include <memory>
#include <mutex>
#include <set>
#include <utility>
#include <vector>

#include "isolate/watchdog.h"

namespace dcp {

class Sandbox;

// What a thread sleeps on until others have something for it.
class WakeUp {
 public:
  WakeUp();
  ~WakeUp();
  WakeUp(const WakeUp&) = delete;
  WakeUp& operator=(const WakeUp&) = delete;

  // To wait for. Negative when the process had no descriptor left: the thread looks up by itself
  // then.
  int fd() const { return fd_; }
  // Ends the wait; of the thread that does not wait, its next one. Any thread.
  void Signal() const;
  // What was signalled so far is done with.
  void Drain() const;

 private:
  const int fd_;
};

// One run of the scheduler loop on one thread. Lives on that thread's stack.
struct Executor {
  Executor(int loop_fd, bool (*is_ending)(void*), void* data)
      : node_loop_fd(loop_fd), node_is_ending(is_ending), node_data(data) {}

  // The file descriptor of the thread's own Node loop: readable when Node wants the thread back.
  const int node_loop_fd;
  // Whether the Node that owns the thread is ending it. Asked rarely, on this thread only.
  bool (*const node_is_ending)(void*);
  void* const node_data;

  // Guarded by RunQueue::mutex_. Shared, because others signal it after they have let go of that.
  std::shared_ptr<const WakeUp> wake_up = std::make_shared<WakeUp>();
  // The Sandbox being run, and since when. Guarded by RunQueue::mutex_.
  std::shared_ptr<Sandbox> running;
  double running_since_ms = 0;
  // The watchdog saw Node waiting for this thread while a Sandbox ran.
  std::atomic<bool> node_waits{false};
};

enum class ExecutorExit {
  // Stop() was called.
  kStopped,
  // Node's own loop has something to do; call Run() again afterwards.
  kNodeWaits,
};

// All threads share one queue of Sandboxes. A Sandbox belongs to no thread: it is in the queue, or
// one executor runs it, or it waits (for a timer, a message, a task of V8) and costs no thread.
// While one waits for its GPU, a thread that has nothing else to do waits for that in its place.
class RunQueue final : public Watched {
 public:
  // Made known to the watchdog.
  static std::shared_ptr<RunQueue> Create();

  RunQueue() = default;
  RunQueue(const RunQueue&) = delete;
  RunQueue& operator=(const RunQueue&) = delete;

  // The Sandbox has something to do. Any thread, from any lock but our own.
  void MakeRunnable(const std::shared_ptr<Sandbox>& sandbox);

  // The Sandbox has ended: forgets it. Any thread.
  void Retire(const std::shared_ptr<Sandbox>& sandbox);

  // Runs Sandboxes on the calling thread until told otherwise.
  ExecutorExit Run(Executor& executor);

  // Every Run() returns soon: Sandboxes that run are interrupted and thrown away. Any thread.
  void Stop();

  // Lets go of every Sandbox that waits. After Stop(), when nothing will run any more.
  void Clear();

  // How many Sandboxes wait for a thread, and how many threads run the loop.
  size_t ready_count();
  size_t executor_count();

  double Check(double now_ms) override;

 private:
  // Timers that are due make their Sandboxes ready.
  void FireTimers(double now_ms);
  // Waits for work, a timer or Node. The lock is released meanwhile. Answers whether it is Node
  // that has something to do.
  bool WaitForWork(std::unique_lock<std::mutex>& lock, Executor& executor, double now_ms);
  void RunOne(std::unique_lock<std::mutex>& lock, Executor& executor,
              const std::shared_ptr<Sandbox>& sandbox, double gpu_wait_ms = 0);
  // Takes the Sandbox whose GPU is to be looked at now, and says how long to wait for it; null:
  // there is none, or it is not yet time.
  std::shared_ptr<Sandbox> NextGpuWait(double now_ms, double* wait_ms);
  void StopWaiting(const std::shared_ptr<Sandbox>& sandbox);
  // Takes one of the idle, which the caller signals; null: there is none.
  std::shared_ptr<const WakeUp> TakeOneIdle();
  void WakeOneIdle();

  void SetTimer(const std::shared_ptr<Sandbox>& sandbox, double due_ms);
  void ClearTimer(const std::shared_ptr<Sandbox>& sandbox);

  using Timer = std::pair<double, std::shared_ptr<Sandbox>>;

  std::mutex mutex_;
  bool stopped_ = false;
  std::deque<std::shared_ptr<Sandbox>> ready_;
  // Waiting Sandboxes with a timer, earliest first.
  std::set<Timer> timers_;
  // Waiting Sandboxes whose GPU works, the one that was looked at longest ago first; how many of
  // them were looked at without waiting since somebody waited, and when any was looked at last.
  std::deque<std::shared_ptr<Sandbox>> gpu_waits_;
  size_t gpu_looks_ = 0;
  double gpu_looked_ms_ = 0;
  std::vector<Executor*> executors_;
  std::vector<Executor*> idle_;
  // Of the idle executors, the one that also waits for the next timer.
  Executor* timer_keeper_ = nullptr;
};

}  // namespace dcp
