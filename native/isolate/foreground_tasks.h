// Internal to native/isolate: the tasks V8 wants run on an isolate's own thread.
#pragma once

#include <node.h>

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>

#include "v8/task_runner.h"

namespace dcp {

// V8's own threads post here (a finished WebAssembly compilation, a step of garbage collection);
// whoever runs the isolate calls RunDue(). Nothing of libuv is involved, so nothing outlives the
// thread.
class ForegroundTasks final : public TaskRunnerBase {
 public:
  // `wake` is called after each post, on the posting thread, without our lock held.
  explicit ForegroundTasks(std::function<void()> wake) : wake_(std::move(wake)) {}

  // Runs what was posted before the call and is due. The isolate is entered. Answers whether
  // anything ran.
  bool RunDue(double now_ms);

  // When the next delayed task is due (infinity: none); 0 when one can run at once. Any thread.
  double NextDueMs();

  // Deletes all tasks, and from now on every new one at once. Any thread.
  void Close();

 protected:
  void Post(std::unique_ptr<v8::Task> task, double delay_seconds) override;

 private:
  std::mutex mutex_;
  std::function<void()> wake_;
  bool closed_ = false;
  std::deque<std::unique_ptr<v8::Task>> ready_;
  std::multimap<double, std::unique_ptr<v8::Task>> delayed_;
};

// How Node's platform finds the runner of an isolate that is not Node's.
class PlatformDelegate final : public node::IsolatePlatformDelegate {
 public:
  explicit PlatformDelegate(std::shared_ptr<ForegroundTasks> tasks) : tasks_(std::move(tasks)) {}
  std::shared_ptr<v8::TaskRunner> GetForegroundTaskRunner() override { return tasks_; }
  bool IdleTasksEnabled() override { return false; }

 private:
  std::shared_ptr<ForegroundTasks> tasks_;
};

}  // namespace dcp
