#include "sandbox/run_queue.h"

#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>

#include "isolate/clock.h"
#include "sandbox/sandbox.h"

namespace dcp {

namespace {

// How long a Sandbox may keep Node waiting for its thread before anybody looks.
constexpr double kNodePatienceMs = 10;
// How long a thread waits for the GPU of one Sandbox while others wait for theirs.
constexpr double kSharedGpuWaitMs = 5;
// How often some Sandbox's GPU is looked at while others keep the threads busy.
constexpr double kGpuLookMs = 1;
// A thread looks up that often even if nothing is due before.
constexpr double kLongestSleepMs = 1e9;
// How long a thread sleeps that nobody can wake.
constexpr long kDeafSleepNs = 5'000'000;

bool IsReadable(int fd) {
  pollfd entry{fd, POLLIN, 0};
  return poll(&entry, 1, 0) > 0;
}

// Removes `item` if it is there.
template <typename T>
void Erase(std::vector<T>& items, const T& item) {
  items.erase(std::remove(items.begin(), items.end(), item), items.end());
}

}  // namespace

WakeUp::WakeUp() : fd_(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {}

WakeUp::~WakeUp() {
  if (fd_ >= 0) close(fd_);
}

void WakeUp::Signal() const {
  const uint64_t one = 1;
  // An eventfd refuses only when its counter overflows, and then it is readable anyway; where there
  // is none, nobody has to be woken.
  (void)!write(fd_, &one, sizeof one);
}

void WakeUp::Drain() const {
  uint64_t count;
  (void)!read(fd_, &count, sizeof count);
}

std::shared_ptr<RunQueue> RunQueue::Create() {
  auto queue = std::make_shared<RunQueue>();
  Watchdog::Instance().Add(queue);
  return queue;
}

void RunQueue::MakeRunnable(const std::shared_ptr<Sandbox>& sandbox) {
  std::shared_ptr<const WakeUp> wake_up;
  {
    std::lock_guard lock(mutex_);
    switch (sandbox->phase) {
      case Sandbox::Phase::kWaiting:
        StopWaiting(sandbox);
        sandbox->phase = Sandbox::Phase::kReady;
        ready_.push_back(sandbox);
        wake_up = TakeOneIdle();
        break;
      case Sandbox::Phase::kRunning:
        sandbox->phase = Sandbox::Phase::kRunningAgain;
        break;
      case Sandbox::Phase::kReady:
      case Sandbox::Phase::kRunningAgain:
      case Sandbox::Phase::kEnded:
        break;
    }
  }
  // It would only wait for the lock.
  if (wake_up) wake_up->Signal();
}

void RunQueue::Retire(const std::shared_ptr<Sandbox>& sandbox) {
  std::lock_guard lock(mutex_);
  StopWaiting(sandbox);
  sandbox->phase = Sandbox::Phase::kEnded;
}

ExecutorExit RunQueue::Run(Executor& executor) {
  ExecutorExit exit;
  {
    std::unique_lock lock(mutex_);
    executors_.push_back(&executor);
    double node_checked_ms = MonotonicMs();
    for (;;) {
      if (stopped_) {
        exit = ExecutorExit::kStopped;
        break;
      }
      const double now = MonotonicMs();
      if (executor.node_waits.load(std::memory_order_relaxed) ||
          (now - node_checked_ms > kNodePatienceMs && IsReadable(executor.node_loop_fd))) {
        exit = ExecutorExit::kNodeWaits;
        break;
      }
      FireTimers(now);
      double gpu_wait_ms = 0;
      std::shared_ptr<Sandbox> next = NextGpuWait(now, &gpu_wait_ms);
      if (!next) {
        if (ready_.empty()) {
          if (WaitForWork(lock, executor, now))
            executor.node_waits.store(true, std::memory_order_relaxed);
          node_checked_ms = MonotonicMs();
          continue;
        }
        next = std::move(ready_.front());
        ready_.pop_front();
        // Somebody else may wait for the GPU meanwhile.
        if (!gpu_waits_.empty()) WakeOneIdle();
      }
      RunOne(lock, executor, next, gpu_wait_ms);
      if (next.use_count() == 1) {
        // Nobody shall wait while a Sandbox goes.
        lock.unlock();
        next.reset();
        lock.lock();
      }
    }
    Erase(executors_, &executor);
    // Work that was meant for this thread is for another one.
    if (!ready_.empty() || !gpu_waits_.empty() || (!timers_.empty() && timer_keeper_ == nullptr)) {
      WakeOneIdle();
    }
  }
  return exit;
}

bool RunQueue::WaitForWork(std::unique_lock<std::mutex>& lock, Executor& executor, double now_ms) {
  timespec timeout{};
  bool waits_for_timer = false;
  if (timer_keeper_ == nullptr && !timers_.empty()) {
    timer_keeper_ = &executor;
    const double wait_ms = std::clamp(timers_.begin()->first - now_ms, 0.0, kLongestSleepMs);
    timeout.tv_sec = static_cast<time_t>(wait_ms / 1e3);
    timeout.tv_nsec = static_cast<long>(std::fmod(wait_ms, 1e3) * 1e6);
    waits_for_timer = true;
  }
  if (executor.wake_up->fd() < 0) executor.wake_up = std::make_shared<WakeUp>();
  const WakeUp& wake_up = *executor.wake_up;
  const bool is_deaf = wake_up.fd() < 0;
  if (is_deaf) timeout = {0, kDeafSleepNs};
  idle_.push_back(&executor);
  lock.unlock();
  pollfd waits[] = {{wake_up.fd(), POLLIN, 0}, {executor.node_loop_fd, POLLIN, 0}};
  ppoll(waits, 2, waits_for_timer || is_deaf ? &timeout : nullptr, nullptr);
  if (waits[0].revents != 0) wake_up.Drain();
  lock.lock();
  Erase(idle_, &executor);
  if (timer_keeper_ == &executor) {
    timer_keeper_ = nullptr;
    // This thread may be busy for long, or gone: somebody else looks after the timers.
    if (!timers_.empty()) WakeOneIdle();
  }
  return waits[1].revents != 0;
}

void RunQueue::RunOne(std::unique_lock<std::mutex>& lock, Executor& executor,
                      const std::shared_ptr<Sandbox>& sandbox, double gpu_wait_ms) {
  sandbox->phase = Sandbox::Phase::kRunning;
  executor.running = sandbox;
  executor.running_since_ms = MonotonicMs();
  lock.unlock();
  Watchdog::Instance().Poke(executor.running_since_ms + kNodePatienceMs);
  const bool more = sandbox->Execute(executor, gpu_wait_ms);
  const double due_ms = sandbox->next_due_ms();
  const bool waits_for_gpu = sandbox->gpu_wait_ms() > 0;
  lock.lock();
  executor.running = nullptr;
  if (sandbox->phase == Sandbox::Phase::kEnded) return;
  if (more || sandbox->phase == Sandbox::Phase::kRunningAgain) {
    sandbox->phase = Sandbox::Phase::kReady;
    ready_.push_back(sandbox);
    // Alone in the queue it is taken up again by this very thread.
    if (ready_.size() > 1) WakeOneIdle();
    return;
  }
  sandbox->phase = Sandbox::Phase::kWaiting;
  if (due_ms != kNever) SetTimer(sandbox, due_ms);
  if (waits_for_gpu) {
    sandbox->waits_for_gpu = true;
    gpu_waits_.push_back(sandbox);
    if (gpu_waits_.size() > 1) WakeOneIdle();
  }
}

std::shared_ptr<Sandbox> RunQueue::NextGpuWait(double now_ms, double* wait_ms) {
  if (gpu_waits_.empty()) return nullptr;
  if (!ready_.empty()) {
    if (now_ms - gpu_looked_ms_ < kGpuLookMs) return nullptr;
  } else if (!idle_.empty() || ++gpu_looks_ >= gpu_waits_.size()) {
    // The others have somebody who waits for them, or have just been looked at.
    gpu_looks_ = 0;
    *wait_ms = gpu_waits_.front()->gpu_wait_ms();
    if (gpu_waits_.size() > 1) *wait_ms = std::min(*wait_ms, kSharedGpuWaitMs);
    if (!timers_.empty()) {
      *wait_ms = std::clamp(timers_.begin()->first - now_ms, 0.0, *wait_ms);
    }
  }
  gpu_looked_ms_ = now_ms;
  std::shared_ptr<Sandbox> sandbox = std::move(gpu_waits_.front());
  gpu_waits_.pop_front();
  sandbox->waits_for_gpu = false;
  ClearTimer(sandbox);
  return sandbox;
}

void RunQueue::Stop() {
  std::lock_guard lock(mutex_);
  stopped_ = true;
  for (Executor* executor : executors_) {
    if (executor->running) executor->running->Evict();
    executor->wake_up->Signal();
  }
}

void RunQueue::Clear() {
  std::deque<std::shared_ptr<Sandbox>> ready;
  std::set<Timer> timers;
  std::deque<std::shared_ptr<Sandbox>> gpu_waits;
  // Destroyed after the lock is released: a Sandbox's end takes locks of its own.
  std::lock_guard lock(mutex_);
  ready.swap(ready_);
  timers.swap(timers_);
  gpu_waits.swap(gpu_waits_);
}

size_t RunQueue::ready_count() {
  std::lock_guard lock(mutex_);
  return ready_.size();
}

size_t RunQueue::executor_count() {
  std::lock_guard lock(mutex_);
  return executors_.size();
}

double RunQueue::Check(double now_ms) {
  std::lock_guard lock(mutex_);
  double next = kNever;
  for (Executor* executor : executors_) {
    if (!executor->running) continue;
    const double due = executor->running_since_ms + kNodePatienceMs;
    if (now_ms < due) {
      next = std::min(next, due);
      continue;
    }
    next = std::min(next, now_ms + kNodePatienceMs);
    if (IsReadable(executor->node_loop_fd)) {
      executor->node_waits.store(true, std::memory_order_relaxed);
      executor->running->Interrupt();
    }
  }
  return next;
}

void RunQueue::FireTimers(double now_ms) {
  while (!timers_.empty() && timers_.begin()->first <= now_ms) {
    std::shared_ptr<Sandbox> sandbox = timers_.begin()->second;
    StopWaiting(sandbox);
    sandbox->phase = Sandbox::Phase::kReady;
    ready_.push_back(std::move(sandbox));
  }
  // This thread takes one of them; the others are for the others.
  if (ready_.size() > 1) WakeOneIdle();
}

void RunQueue::SetTimer(const std::shared_ptr<Sandbox>& sandbox, double due_ms) {
  // Zero says "no timer" in the Sandbox.
  sandbox->timer_ms = std::max(due_ms, 1e-3);
  const bool earliest = timers_.empty() || sandbox->timer_ms < timers_.begin()->first;
  timers_.emplace(sandbox->timer_ms, sandbox);
  // The keeper waits for what was the earliest before. Our own thread keeps it when it goes idle.
  if (earliest && timer_keeper_ != nullptr) timer_keeper_->wake_up->Signal();
}

void RunQueue::ClearTimer(const std::shared_ptr<Sandbox>& sandbox) {
  if (sandbox->timer_ms == 0) return;
  timers_.erase({sandbox->timer_ms, sandbox});
  sandbox->timer_ms = 0;
}

void RunQueue::StopWaiting(const std::shared_ptr<Sandbox>& sandbox) {
  ClearTimer(sandbox);
  if (!sandbox->waits_for_gpu) return;
  sandbox->waits_for_gpu = false;
  std::erase(gpu_waits_, sandbox);
}

std::shared_ptr<const WakeUp> RunQueue::TakeOneIdle() {
  if (idle_.empty()) return nullptr;
  // The last to go idle has the warmest caches. The timers' keeper is better left alone.
  auto chosen = idle_.end() - 1;
  if (*chosen == timer_keeper_ && idle_.size() > 1) --chosen;
  Executor* executor = *chosen;
  idle_.erase(chosen);
  return executor->wake_up;
}

void RunQueue::WakeOneIdle() {
  if (const auto wake_up = TakeOneIdle()) wake_up->Signal();
}

}  // namespace dcp
