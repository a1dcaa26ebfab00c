// Public to native/: one Sandbox, its event loop and its life.
#pragma once

#include <v8.h>

#include <array>
#include <atomic>
#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "isolate/cpu_meter.h"
#include "isolate/inspector.h"
#include "isolate/isolate.h"
#include "isolate/watchdog.h"
#include "sandbox/environment.h"
#include "sandbox/modules.h"
#include "sandbox/rejections.h"
#include "sandbox/sandbox_gpu.h"
#include "sandbox/segment_gate.h"
#include "sandbox/shared_script.h"
#include "sandbox/slice_io.h"

namespace dcp {

class RunQueue;
struct Executor;

// Words shared with the prelude (src/sandbox/control.ts has the same list). The prelude is on the
// Job's side of the trust boundary: whatever it writes here can only mislead about its own Job.
struct Control {
  static constexpr double kIdle = 0;
  static constexpr double kMore = 1;
  static constexpr double kWaiting = 2;
  double state = kIdle;
  // The Slice that runs, 0 for none; MonotonicMs() of its start and of its last sign of progress.
  double slice = 0;
  double slice_started_ms = 0;
  double progress_ms = 0;
  // MonotonicMs() when the next timer of the Work Function is due; 0 for none.
  double next_timer_ms = 0;
  // Results that ended and wait to be delivered.
  double undelivered = 0;
  // Of the timers, those that a Slice may wait for.
  double awaited_timers = 0;
  // Written by native code: promises whose rejection or late handling is to be reported.
  double rejections = 0;
  // Requests to the host that have no answer yet.
  double open_requests = 0;
};

// What a Sandbox tells its host; everything in it comes from untrusted code.
struct SandboxEvent {
  enum Kind : int {
    kReady,
    kAssigned,
    kResults,
    kMessage,
    kDrained,
    kLost,
    kEnded,
    kInspectorMessage,
    kInspectorRun,
  };
  uint32_t sandbox;
  Kind kind;
  ResultBatch results = {};
  // kMessage: the prelude's number for it, the Slice, and what it says.
  // kEnded: the Slice to blame (0: none); `number` is 1 when the first of `unfinished` was running.
  int message = 0;
  double slice = 0;
  double number = 0;
  std::string text = {};
  Payload payload = {};
  // kLost: its thread does not come back from a builtin; a kEnded may follow much later.
  // kLost, kEnded: an error code, empty for none; `text` is the message. How long the Slice to
  // blame ran.
  std::string code = {};
  double elapsed_ms = 0;
  // kEnded: what was handed over and not delivered, the Slice to blame not among them.
  std::vector<uint32_t> unfinished = {};
  // kEnded: its GPU does not come back; the Sandbox was left as it is, with all it holds.
  bool disowned = false;
  // kResults, kMessage: what the host is to give back by Release() once it has done with the event.
  size_t bytes = 0;
  // kInspectorMessage: of the DevTools protocol, JSON. (kInspectorRun: the debugger is ready.)
  std::u16string inspector_message = {};
};

// Receives events from any thread, in each Sandbox's order. Must not call back into the Sandbox.
class SandboxListener {
 public:
  virtual void OnEvent(SandboxEvent event) = 0;

 protected:
  ~SandboxListener() = default;
};

struct SandboxOptions {
  uint32_t id;
  node::MultiIsolatePlatform* platform;
  std::shared_ptr<const SandboxScripts> scripts;
  size_t heap_bytes;
  size_t buffer_bytes;
  // Of one result, head and segments.
  size_t result_bytes;
  GpuLimits gpu;
  // A debugger may look into it.
  bool inspected = false;
};

struct SliceLimits {
  double slice_ms;
  double progress_ms;
  // CPU time of one Slice.
  double cpu_ms;
  // Time the GPU works for one Slice.
  double gpu_ms;
};

// The script every Sandbox runs first: the body of a function `(host)`. src/sandbox knows its name.
const ScriptPurpose& PreludeScript();

// What a Sandbox needs to know of its Job; `description` is JSON for the prelude.
struct Assignment {
  std::string description;
  std::string work_function;
  std::optional<Modules> modules;
  Payload arguments;
  SliceLimits limits;
  // Null: the Job gets no WebGPU.
  std::shared_ptr<const GpuOffer> gpu;
};

// What the host says to a request that a Sandbox posted under this number.
struct Answer {
  double request;
  std::string text;
  std::vector<Bytes> segments;
};

class Sandbox final : public Watched, public std::enable_shared_from_this<Sandbox> {
 public:
  // Made known to the watchdog.
  static std::shared_ptr<Sandbox> Create(SandboxOptions options, std::weak_ptr<RunQueue> queue,
                                         std::shared_ptr<SandboxListener> listener);
  // For Create().
  Sandbox(SandboxOptions options, std::weak_ptr<RunQueue> queue,
          std::shared_ptr<SandboxListener> listener);
  ~Sandbox();

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
  // Its GPU works on something. Any thread.
  bool IsGpuBusy();
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
  static Sandbox* Of(v8::Isolate* isolate) {
    return static_cast<Sandbox*>(isolate->GetData(kIsolateSlot));
  }
  // CPU time of this Sandbox so far, over all threads it ran on.
  double CpuMs() const { return cpu_.Ms(); }
  void Emit(SandboxEvent event);
  size_t result_bytes() const { return options_.result_bytes; }
  // The Slice has ended. False when it is not the one whose turn it is.
  bool Settle(uint32_t number);
  // False when these are not the Slices whose turn it is.
  bool DeliverResults(ResultBatch results);
  // The host holds so much of what the Sandbox said that no Slice may begin.
  bool IsFull() const;
  // Whether a message of so many bytes may be posted. If not, the prelude has lost its budgets, and
  // the Sandbox ends.
  bool MaySay(size_t bytes);
  void ReportDrained();
  SegmentGate& segments() { return *segments_; }
  // Null when none came with the Job.
  const Modules* modules() const { return modules_ ? &*modules_ : nullptr; }
  // The function of the modules' script. Empty when there is none; when it does not compile, with
  // an exception pending.
  v8::MaybeLocal<v8::Function> CompileModules();
  // Promise jobs, in the midst of JavaScript. Nothing when they are what runs.
  void RunPromiseJobsNow();
  // See Rejections::Take().
  v8::Local<v8::Array> TakeRejections();
  Environment& environment() { return environment_; }
  MemoryAccount& memory() { return isolate_->memory(); }
  // Null when the Job gets no WebGPU.
  SandboxGpu* gpu() { return gpu_.get(); }
  // Sandboxes of this process that were left as they are, because their GPU does not come back.
  static size_t disowned_count();

 private:
  static constexpr uint32_t kIsolateSlot = 0;

  // Why the Sandbox ends. An empty code: because it was told to.
  struct End {
    std::string code;
    std::string message;
    // The Slice that brought it about, 0: none did.
    uint32_t slice = 0;
  };

  // The prelude's entry points.
  enum Entry : int {
    kPrepare,
    kAssign,
    kAddBatch,
    kPump,
    kFlush,
    kTimers,
    kStuck,
    kRejections,
    kAnswer,
    kStack,
    kEntryCount
  };

  using Command = std::variant<Assignment, SliceBatch, Answer>;

  // V8 asks for the text of a stack, which it does when one is first read.
  static v8::MaybeLocal<v8::Value> FormatStack(v8::Local<v8::Context> context,
                                               v8::Local<v8::Value> error,
                                               v8::Local<v8::Array> sites);

  void CreateIsolate();
  void DestroyIsolate();
  // One turn of the event loop: commands, V8's tasks, timers, Slices. Answers whether it did
  // anything.
  bool Turn();
  bool RunCommands();
  // Loads what the Job will need of ours. A rehearsal runs what an assignment runs, so that it is
  // compiled when one comes.
  void Prepare(bool rehearse);
  void ApplyAssignment(Assignment assignment);
  void ApplyBatch(SliceBatch batch);
  void ApplyAnswer(Answer answer);
  // Once the first Slices have run, and with them the code that every Sandbox of the Job needs.
  void OfferModulesCache();
  v8::Local<v8::Array> AdoptSegments(std::vector<Bytes> segments);
  // Calls the prelude, then runs promise jobs. Empty when the Sandbox is to end.
  v8::MaybeLocal<v8::Value> Call(Entry entry, int argc = 0, v8::Local<v8::Value>* argv = nullptr);
  void RunPromiseJobs();
  bool RunTasks();
  // A Slice waits for a promise, and nothing can happen any more that would settle it.
  bool HasNothingToWaitFor();
  // What the GPU has to say; promise jobs are the caller's. Waits at most so long for it.
  bool PollGpu(double wait_ms);
  // The end is decided, and the GPU still works: nothing of it can be given up before it is done.
  // Waits at most so long for it. False when it is done, or has had time enough.
  bool AwaitsGpu(double wait_ms);
  // Reports the end and disposes of the isolate.
  void Finish();
  // Disposes of isolate and GPU. Not if the GPU still works: whatever touches it might wait for
  // ever, so the Sandbox is left as it is, for good, and counted. Answers whether it was.
  bool LetGo();
  void SetEnd(End end);
  // What SetEnd() was told first. Any thread.
  End DecidedEnd();
  // How long code may run that belongs to no Slice: the Slices' limits, but a second at least.
  double LimitOutsideOfSlices() const;
  // When some Slice must have ended, whatever the prelude says.
  double LatestEnd() const;
  // The deadline that comes first, and the error that says so.
  double NextDeadline(const char** code) const;
  void EndIfOverdue();
  // More memory outside of the heap than it may have, and not because garbage lies about.
  void EndIfOverMemory();
  // Any thread, while the isolate lives.
  bool IsOverMemory() const;
  // For the watchdog's thread: the Slice that runs has used up its CPU time, or the GPU's.
  bool HasUsedUpCpu();
  bool HasUsedUpGpu(double now_ms);
  // What the deadline that has passed makes of the Sandbox.
  End Overdue() const;
  static void OnInterrupt(v8::Isolate* isolate, void* self);
  static void OnPromiseReject(v8::PromiseRejectMessage message);
  void OnNearHeapLimit();
  void CreateInspector(v8::Local<v8::Context> context);
  // A debugger holds JavaScript still, or lets it go on: time stands still for it.
  void OnPause(bool paused);
  // The thread is wanted elsewhere; sets the end if Node is ending it.
  void EndIfNodeIsEnding();

  const SandboxOptions options_;
  const std::weak_ptr<RunQueue> queue_;
  const std::shared_ptr<SandboxListener> listener_;
  Control control_;

  // Owned by the executing thread. Others may look at isolate_ under the lock.
  std::unique_ptr<Isolate> isolate_;
  std::unique_ptr<SegmentGate> segments_;
  v8::Global<v8::Context> context_;
  std::array<v8::Global<v8::Function>, kEntryCount> entries_;
  Environment environment_;
  // Null when it is not inspected.
  const std::shared_ptr<InspectorInbox> inspector_inbox_;
  std::unique_ptr<Inspector> inspector_;
  std::optional<Modules> modules_;
  // Until its code has been offered to the next Sandboxes.
  v8::Global<v8::Function> modules_function_;
  Rejections rejections_;
  // Others may look at it under the lock, like the isolate.
  std::unique_ptr<SandboxGpu> gpu_;
  double gpu_wait_ms_ = 0;
  // When the end was first held up by the GPU, 0 while it was not.
  double gpu_grace_since_ms_ = 0;
  Executor* executor_ = nullptr;
  // Prepare() has run; before, when to call it if nothing else happens.
  bool prepared_ = false;
  double prepare_at_ms_ = 0;
  // For the code cache, as long as there is none.
  v8::Global<v8::Function> prelude_;
  std::atomic<bool> assigned_{false};
  double next_due_ms_ = 0;
  CpuMeter cpu_;
  // Slices handed to the prelude and not ended yet, in order.
  std::deque<uint32_t> undelivered_;
  // Deliveries since the Sandbox was last not full.
  int deliveries_while_full_ = 0;
  bool drained_ = true;

  std::mutex mutex_;
  std::deque<Command> inbox_;
  SliceLimits limits_{0, 0, 0, 0};
  // Set once, with end_; the first reason counts.
  std::atomic<bool> ending_{false};
  End end_;
  std::atomic<bool> overdue_{false};
  // Bytes of events that the host has not done with, and of the messages among them.
  std::atomic<size_t> held_bytes_{0};
  std::atomic<size_t> said_bytes_{0};
  // Start of the Slice that has used up its CPU time, 0 for none.
  std::atomic<double> over_cpu_{0};
  // The same for the GPU's.
  std::atomic<double> over_gpu_{0};
  // For the watchdog's thread: the Slice (by its start) that it saw running last, and the
  // Sandbox's CPU time when it saw it first. The same for the time of the GPU.
  double seen_slice_started_ms_ = 0;
  double cpu_at_first_sight_ms_ = 0;
  double gpu_seen_slice_started_ms_ = 0;
  double gpu_at_first_sight_ms_ = 0;
  // For the watchdog's thread: since when the Sandbox should have stopped (0: it need not), and
  // whether it has been given up.
  double late_since_ms_ = 0;
  bool lost_ = false;
  // When the JavaScript that runs was called, 0 for none: promise jobs and the Work Function's own
  // loading belong to no Slice, and must end all the same.
  std::atomic<double> called_ms_{0};
  // When Slices were last begun of which none has ended since, 0 for none.
  std::atomic<double> unsettled_since_ms_{0};
  // Since when a debugger holds it still, 0 when none does.
  std::atomic<double> paused_ms_{0};
};

}  // namespace dcp
