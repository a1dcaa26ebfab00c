// Public to native/: one Sandbox: its life, and its turns on threads that it does not own.
#pragma once

#include <v8.h>

#include <functional>
#include <memory>
#include <mutex>
#include <utility>

#include "isolate/cpu_meter.h"
#include "isolate/inspector.h"
#include "isolate/watchdog.h"
#include "sandbox/control.h"
#include "sandbox/deadlines.h"
#include "sandbox/ending.h"
#include "sandbox/outbox.h"
#include "sandbox/sandbox_event.h"
#include "sandbox/sandbox_isolate.h"
#include "sandbox/sandbox_options.h"

namespace dcp {

class RunQueue;
struct Executor;

// What every kind has: an isolate under the watchdog's eyes, run by whichever thread the queue
// gives it, and one end. SliceSandbox runs the Slices of a Job, ClassicSandbox (native/classic) the
// startup files of an existing dcp-client.
class Sandbox : public Watched, public std::enable_shared_from_this<Sandbox> {
 public:
  // Made known to the watchdog.
  template <typename Kind, typename... Arguments>
  static std::shared_ptr<Kind> Create(Arguments&&... arguments) {
    auto sandbox = std::make_shared<Kind>(std::forward<Arguments>(arguments)...);
    Watchdog::Instance().Add(sandbox);
    return sandbox;
  }
  Sandbox(const Sandbox&) = delete;
  Sandbox& operator=(const Sandbox&) = delete;

  uint32_t id() const { return options_.id; }

  // From the host, any thread.
  void Dispose();
  // Only when it is inspected.
  void Inspect(InspectorCommand command);
  // Ends without a word, on the calling thread, when no executor is left.
  void Abandon();
  // Adds what it has of the GPU. Any thread.
  void AddGpuUse(GpuUse* sum);
  // Something the Sandbox waits for may have happened.
  void Wake();

  // From the run queue, on the executor's thread. Answers whether there is more to do at once. May
  // wait so long for the GPU first, if that is what the Sandbox waits for.
  bool Execute(Executor& executor, double gpu_wait_ms);
  // When Execute() wants to be called again without being woken (infinity: never).
  double next_due_ms() const { return next_due_ms_; }
  // Execute() wants to be called again soon, because only a look at the GPU tells when there is
  // something to do; 0: it does not. Else how long it should wait for the GPU if nothing else is to
  // be done.
  double gpu_wait_ms() const { return gpu_wait_ms_; }
  // What runs, if anything, looks up and asks whether it should end. Any thread.
  void Interrupt();
  // The thread is needed: what runs is ended. Any thread.
  void Evict();

  double Check(double now_ms) override;

  // Scheduling state, guarded by the run queue's lock.
  enum class Phase { kWaiting, kReady, kRunning, kRunningAgain, kEnded };
  Phase phase = Phase::kWaiting;
  double timer_ms = 0;
  bool waits_for_gpu = false;

  // CPU time of this Sandbox so far, over all threads it ran on.
  double CpuMs() const { return cpu_.Ms(); }

  // Sandboxes of this process that were left as they are, because their GPU does not come back.
  static size_t disowned_count();

 protected:
  Sandbox(SandboxOptions options, std::weak_ptr<RunQueue> queue,
          std::shared_ptr<SandboxListener> listener);
  // The queue, the watchdog and the addon hold it as what it is.
  ~Sandbox() = default;

  // ---- What a kind does its own way, on the executing thread.

  virtual std::unique_ptr<SandboxIsolate> MakeIsolate(const SandboxIsolate::Owner& owner,
                                                      std::function<void()> wake) = 0;
  // What the host handed over meanwhile. Answers whether there was anything.
  virtual bool RunCommands() = 0;
  // One turn of the event loop, with the isolate entered: BeginTurn() first. Answers whether it did
  // anything.
  virtual bool Turn() = 0;
  // When there is something to do without being woken, beside V8's own tasks.
  virtual double NextOwnMs() = 0;
  // Why it ended, and what it still owes.
  virtual SandboxEvent EndEvent();

  // ---- What kinds use.

  // Commands, V8's tasks, the GPU's answers, and the promise jobs of all that.
  bool BeginTurn();
  bool goes_on() const { return !ending_.decided(); }
  // What runs is wanted elsewhere, or told to end: it may not go on. On the executing thread, in
  // the midst of JavaScript.
  bool MustEnd();
  // What the Slice that runs has taken so far. Not under the lock.
  void MeasureSlice(SandboxEvent* event);
  // Null while there is no isolate. On the executing thread, or under the lock.
  SandboxGpu* gpu() const { return isolate_ ? isolate_->gpu() : nullptr; }

  const SandboxOptions options_;
  Control control_;
  CpuMeter cpu_;
  Outbox outbox_;
  Deadlines deadlines_;
  Ending ending_;

  // Guards the isolate's pointer, and what kinds say.
  std::mutex mutex_;
  // Made, used and ended by the executing thread. Others may look at it under the lock.
  std::unique_ptr<SandboxIsolate> isolate_;

 private:
  // Makes the isolate, which others may interrupt from then on.
  void CreateIsolate();
  // When the Sandbox wants to be called again, unless it has ended.
  void ReadTimers();
  // The end is decided, and the GPU still works: nothing of it can be given up before it is done.
  // Waits at most so long for it. False when it is done, or has had time enough.
  bool AwaitsGpu(double wait_ms);
  // Reports the end and disposes of the isolate.
  void Finish();
  // Disposes of isolate and GPU. Not if the GPU still works: whatever touches it might wait for
  // ever, so the Sandbox is left as it is, for good, and counted. Answers whether it was.
  bool LetGo();
  // What the deadline that has passed makes of the Sandbox. Any thread.
  End Verdict();
  // The watchdog saw a deadline pass: decides the end, if it is still so.
  void EndIfOverdue();
  // The thread is wanted elsewhere; sets the end if Node is ending it.
  void EndIfNodeIsEnding();
  // With the lock, and an isolate.
  void RequestInterrupt();
  static void OnInterrupt(v8::Isolate* isolate, void* self);
  InspectorOwner OwnerOfInspector();

  const std::weak_ptr<RunQueue> queue_;
  // Null when it is not inspected.
  const std::shared_ptr<InspectorInbox> inspector_inbox_;

  // Of the executing thread.
  Executor* executor_ = nullptr;
  double next_due_ms_ = 0;
  double gpu_wait_ms_ = 0;
  // When the end was first held up by the GPU, 0 while it was not.
  double gpu_grace_since_ms_ = 0;

  // Of the watchdog's thread: when one that has been given up is to be interrupted again.
  double interrupt_again_ms_ = 0;
};

}  // namespace dcp
