// Public to native/isolate: a v8::TaskRunner whose interface does not depend on the V8 version.
#pragma once

#include <v8-platform.h>

#include <memory>
#include <utility>

#include "v8/version.h"

namespace dcp {

// V8 posts tasks through many entry points, whose signatures changed between versions. All end in
// Post(). Every method may be called from any thread.
class TaskRunnerBase : public v8::TaskRunner {
 public:
  bool IdleTasksEnabled() final { return false; }
  // Node 20 aborts on an asynchronous WebAssembly call when non-nestable tasks are refused.
  bool NonNestableTasksEnabled() const final { return true; }
  bool NonNestableDelayedTasksEnabled() const final { return true; }

#if DCP_V8_AT_LEAST(12, 0)
 protected:
  void PostTaskImpl(std::unique_ptr<v8::Task> task, const v8::SourceLocation&) final {
    Post(std::move(task), 0);
  }
  void PostNonNestableTaskImpl(std::unique_ptr<v8::Task> task, const v8::SourceLocation&) final {
    Post(std::move(task), 0);
  }
  void PostDelayedTaskImpl(std::unique_ptr<v8::Task> task, double delay_in_seconds,
                           const v8::SourceLocation&) final {
    Post(std::move(task), delay_in_seconds);
  }
  void PostNonNestableDelayedTaskImpl(std::unique_ptr<v8::Task> task, double delay_in_seconds,
                                      const v8::SourceLocation&) final {
    Post(std::move(task), delay_in_seconds);
  }
  void PostIdleTaskImpl(std::unique_ptr<v8::IdleTask>, const v8::SourceLocation&) final {}
#else
  void PostTask(std::unique_ptr<v8::Task> task) final { Post(std::move(task), 0); }
  void PostNonNestableTask(std::unique_ptr<v8::Task> task) final { Post(std::move(task), 0); }
  void PostDelayedTask(std::unique_ptr<v8::Task> task, double delay_in_seconds) final {
    Post(std::move(task), delay_in_seconds);
  }
  void PostNonNestableDelayedTask(std::unique_ptr<v8::Task> task, double delay_in_seconds) final {
    Post(std::move(task), delay_in_seconds);
  }
  void PostIdleTask(std::unique_ptr<v8::IdleTask>) final {}
#endif

 protected:
  virtual void Post(std::unique_ptr<v8::Task> task, double delay_seconds) = 0;
};

}  // namespace dcp
