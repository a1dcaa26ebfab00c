// Public to native/: one Sandbox, its event loop and its life.
#pragma once

#include <v8.h>

#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <utility>

#include "isolate/cpu_meter.h"
#include "isolate/inspector.h"
#include "isolate/watchdog.h"
#include "sandbox/assignment.h"
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

class Sandbox final : public Watched, public std::enable_shared_from_this<Sandbox> {
 public:
  // Made known to the watchdog.
  static std::shared_ptr<Sandbox> Create(SandboxOptions options, std::weak_ptr<RunQueue> queue,
                                         std::shared_ptr<SandboxListener> listener);
  // For Create().
  Sandbox(SandboxOptions options, std::weak_ptr<RunQueue> queue,
          std::shared_ptr<SandboxListener> listener);

  uint32_t id() const { return options_.id; }

  // From the host, any thread.
  void Assign(Assignment assignment);
  void Run(SliceBatch batch);
  void Reply(Answer answer);
  void Dispose();
  // Only when it is inspected.
  void Inspect(InspectorCommand command);
  // Ends without a word, on the calling thread, when no executor is left.
  void Abandon();
  // Adds what it has of the GPU. Any thread.
  void AddGpuUse(GpuUse* sum);
  // Something the Sandbox waits for may have happened.
  void Wake();
  // The host has done with events of so many bytes; of kMessage, or of kResults. Any thread.
  void Release(size_t bytes, bool of_message);

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

  // For the functions given to the prelude, on the executing thread.
  static Sandbox* Of(v8::Isolate* isolate) { return &SandboxIsolate::SandboxOf(isolate); }
  SandboxIsolate& isolate() { return *isolate_; }
  // CPU time of this Sandbox so far, over all threads it ran on.
  double CpuMs() const { return cpu_.Ms(); }
  size_t result_bytes() const { return options_.result_bytes; }
  const Outbox& outbox() const { return outbox_; }
  void Emit(SandboxEvent event) { outbox_.Emit(std::move(event)); }
  // Whether a message of so many bytes may be posted. If not, the Sandbox ends.
  bool MaySay(size_t bytes);
  // The Slice has ended. False when it is not the one whose turn it is.
  bool Settle(uint32_t number);
  // False when these are not the Slices whose turn it is.
  bool DeliverResults(ResultBatch results);
  void ReportDrained();

  // Sandboxes of this process that were left as they are, because their GPU does not come back.
  static size_t disowned_count();

 private:
  void Post(Command command);
  // Makes the isolate, which others may interrupt from then on.
  void CreateIsolate();
  // One turn of the event loop: commands, V8's tasks, timers, Slices. Answers whether it did
  // anything.
  bool Turn();
  bool RunCommands();
  // When the Sandbox wants to be called again, unless it has ended.
  void ReadTimers();
  // The end is decided, and the GPU still works: nothing of it can be given up before it is done.
  // Waits at most so long for it. False when it is done, or has had time enough.
  bool AwaitsGpu(double wait_ms);
  // Reports the end and disposes of the isolate.
  void Finish();
  // What the Sandbox still owes, and whom its end is blamed on.
  SandboxEvent EndEvent();
  // Disposes of isolate and GPU. Not if the GPU still works: whatever touches it might wait for
  // ever, so the Sandbox is left as it is, for good, and counted. Answers whether it was.
  bool LetGo();
  // Null while there is no isolate. On the executing thread, or under the lock.
  SandboxGpu* gpu() const { return isolate_ ? isolate_->gpu() : nullptr; }
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

  const SandboxOptions options_;
  const std::weak_ptr<RunQueue> queue_;
  Control control_;
  CpuMeter cpu_;
  Outbox outbox_;
  Deadlines deadlines_;
  Ending ending_;
  // Null when it is not inspected.
  const std::shared_ptr<InspectorInbox> inspector_inbox_;

  // Guards what follows it.
  std::mutex mutex_;
  std::deque<Command> inbox_;
  // Made, used and ended by the executing thread. Others may look at it under the lock.
  std::unique_ptr<SandboxIsolate> isolate_;

  // Of the executing thread.
  Executor* executor_ = nullptr;
  OwedSlices owed_;
  double next_due_ms_ = 0;
  double gpu_wait_ms_ = 0;
  // When the end was first held up by the GPU, 0 while it was not.
  double gpu_grace_since_ms_ = 0;
};

}  // namespace dcp
