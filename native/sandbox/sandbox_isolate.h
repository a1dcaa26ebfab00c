// Public to native/: the isolate of a Sandbox, with all that lives and ends in it, whatever runs
// there.
#pragma once

#include <v8.h>

#include <atomic>
#include <functional>
#include <memory>
#include <string>

#include "isolate/cpu_meter.h"
#include "isolate/fine_clock.h"
#include "isolate/inspector.h"
#include "isolate/isolate.h"
#include "sandbox/control.h"
#include "sandbox/deadlines.h"
#include "sandbox/ending.h"
#include "sandbox/environment.h"
#include "sandbox/rejections.h"
#include "sandbox/sandbox_gpu.h"
#include "sandbox/sandbox_options.h"
#include "sandbox/segment_gate.h"

namespace dcp {

class Sandbox;

// Context, environment, WebGPU. Made, used and destroyed by the executing thread, with the isolate
// entered (Entered) but for construction and destruction. What goes wrong inside decides the
// Sandbox's end; whoever calls looks there.
class SandboxIsolate {
 public:
  // The Sandbox it belongs to, and what both use. All of it outlives the isolate.
  struct Owner {
    Sandbox* sandbox;
    const SandboxOptions* options;
    Control* control;
    CpuMeter* cpu;
    Deadlines* deadlines;
    Ending* ending;
    Outbox* outbox;
  };

  virtual ~SandboxIsolate();
  SandboxIsolate(const SandboxIsolate&) = delete;
  SandboxIsolate& operator=(const SandboxIsolate&) = delete;

  // For the functions given to our scripts.
  static SandboxIsolate& Of(v8::Isolate* isolate) {
    return *static_cast<SandboxIsolate*>(isolate->GetData(kSelfSlot));
  }
  static Sandbox& SandboxOf(v8::Isolate* isolate) { return *Of(isolate).owner_.sandbox; }

  v8::Isolate* get() const { return isolate_.get(); }

  // The calling thread runs it for as long as this lives.
  class Entered {
   public:
    explicit Entered(SandboxIsolate* self)
        : isolate_(self->get()),
          cpu_(self->owner_.cpu),
          context_(self->context_.Get(self->get())) {}

   private:
    EnteredIsolate isolate_;
    CpuMeterScope cpu_;
    v8::Context::Scope context_;
  };

  // Makes the context and runs what comes first there. With `inbox`, a debugger may look into it.
  void Start(std::shared_ptr<InspectorInbox> inbox, InspectorOwner inspector_owner);

  void RunPromiseJobs();
  // In the midst of JavaScript. Nothing when promise jobs are what runs.
  void RunPromiseJobsNow();
  // Those of V8 that are due. Answers whether there were any; so do the next two.
  bool RunTasks();
  // What the GPU has to say; promise jobs are the caller's. Waits at most so long for it.
  bool PollGpu(double wait_ms);
  // Settles what the GPU has answered already and runs the promise jobs of that; `*since_ms` is
  // when it began. False when there was nothing.
  bool TakeGpuAnswers(double* since_ms);
  bool DispatchInspector() { return inspector_ && inspector_->Dispatch(); }
  // When V8 wants to run the next task.
  double NextTaskMs() { return isolate_.tasks().NextDueMs(); }
  void WriteClock() { owner_.control->now_ms = clock_.NowMs(); }
  bool has_rejections() const { return rejections_.size() > 0; }
  // See Rejections::Take().
  v8::Local<v8::Array> TakeRejections();

  // More memory outside of the heap than it may have, and not because garbage lies about: the end
  // is decided.
  void EndIfOverMemory();
  // The same, but for garbage. Any thread, while the isolate lives.
  bool IsOverMemory() const;

  SegmentGate& segments() { return *segments_; }
  Environment& environment() { return environment_; }
  MemoryAccount& memory() { return isolate_.memory(); }
  // Null when it has no WebGPU. Any thread, while the isolate lives.
  SandboxGpu* gpu() const { return gpu_.load(); }

 protected:
  // `wake` is called on any thread when V8 has a task for it.
  SandboxIsolate(const Owner& owner, std::function<void()> wake, AddFunctions add_functions);

  // The first code that runs there.
  virtual void RunFirst(v8::Local<v8::Context> context) = 0;
  // A task of V8's has called code that threw this: the callback of a FinalizationRegistry. What
  // it throws itself is lost.
  virtual void OnUncaught(v8::Local<v8::Value> thrown) = 0;

  // From now on there is WebGPU. False with the reason.
  bool OpenGpu(const GpuOffer& offer, std::string* why_not);
  // Neither V8, nor the GPU, nor a promise is about to call anything.
  bool NothingIsUnderWay();
  void Fail(const std::string& message) { owner_.ending->Decide({"EEVALUATOR", message, 0}); }

  const Owner owner_;

 private:
  static constexpr uint32_t kSelfSlot = 0;

  static void OnPromiseReject(v8::PromiseRejectMessage message);
  // What V8 would print to the standard output of the process if nobody listened.
  static void OnMessage(v8::Local<v8::Message> message, v8::Local<v8::Value> thrown);
  void OnNearHeapLimit();

  // What the isolate's ArrayBuffers lie on goes after the isolate.
  std::unique_ptr<SegmentGate> segments_;
  std::unique_ptr<SandboxGpu> gpu_owned_;
  std::atomic<SandboxGpu*> gpu_{nullptr};
  Isolate isolate_;
  v8::Global<v8::Context> context_;
  Environment environment_;
  Rejections rejections_;
  FineClock clock_;
  // Null when it is not inspected.
  std::unique_ptr<Inspector> inspector_;
};

}  // namespace dcp
