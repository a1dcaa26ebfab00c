#include "isolate/foreground_tasks.h"

#include <limits>
#include <utility>

#include "isolate/clock.h"

namespace dcp {

void ForegroundTasks::Post(std::unique_ptr<v8::Task> task, double delay_seconds) {
  std::function<void()> wake;
  {
    std::lock_guard lock(mutex_);
    // A task of a closed isolate must not run; its destructor runs outside of nothing V8 holds.
    if (closed_) return;
    if (delay_seconds > 0) {
      delayed_.emplace(MonotonicMs() + delay_seconds * 1e3, std::move(task));
    } else {
      ready_.push_back(std::move(task));
    }
    wake = wake_;
  }
  wake();
}

bool ForegroundTasks::RunDue(double now_ms) {
  std::deque<std::unique_ptr<v8::Task>> due;
  {
    std::lock_guard lock(mutex_);
    due.swap(ready_);
    while (!delayed_.empty() && delayed_.begin()->first <= now_ms) {
      due.push_back(std::move(delayed_.begin()->second));
      delayed_.erase(delayed_.begin());
    }
  }
  for (auto& task : due) {
    task->Run();
    task.reset();
  }
  return !due.empty();
}

double ForegroundTasks::NextDueMs() {
  std::lock_guard lock(mutex_);
  if (!ready_.empty()) return 0;
  return delayed_.empty() ? std::numeric_limits<double>::infinity() : delayed_.begin()->first;
}

void ForegroundTasks::Close() {
  std::deque<std::unique_ptr<v8::Task>> ready;
  std::multimap<double, std::unique_ptr<v8::Task>> delayed;
  std::function<void()> wake;
  std::lock_guard lock(mutex_);
  closed_ = true;
  ready.swap(ready_);
  delayed.swap(delayed_);
  wake.swap(wake_);
}

}  // namespace dcp
