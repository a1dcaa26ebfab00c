// Internal to native/sandbox: the isolate of a Sandbox, with all that lives and ends in it.
#pragma once

#include <v8.h>

#include <atomic>
#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include "isolate/cpu_meter.h"
#include "isolate/inspector.h"
#include "isolate/isolate.h"
#include "sandbox/assignment.h"
#include "sandbox/control.h"
#include "sandbox/deadlines.h"
#include "sandbox/ending.h"
#include "sandbox/environment.h"
#include "sandbox/modules.h"
#include "sandbox/prelude.h"
#include "sandbox/rejections.h"
#include "sandbox/sandbox_gpu.h"
#include "sandbox/sandbox_options.h"
#include "sandbox/segment_gate.h"

namespace dcp {

class Sandbox;

// Context, prelude, environment, modules, WebGPU. Made, used and destroyed by the executing thread,
// with the isolate entered (Entered) but for construction and destruction. What goes wrong inside
// decides the Sandbox's end; whoever calls looks there.
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
  };

  // `wake` is called on any thread when V8 has a task for it.
  SandboxIsolate(const Owner& owner, std::function<void()> wake);
  ~SandboxIsolate();
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

  // Makes the context and runs the prelude. With `inbox`, a debugger may look into it.
  void Start(std::shared_ptr<InspectorInbox> inbox, InspectorOwner inspector_owner);

  // Until Prepare() has run: when to call it if nothing else happens. Infinity afterwards.
  double prepare_at_ms() const { return prepare_at_ms_; }
  // Loads what the Job will need of ours. A rehearsal runs what an assignment runs, so that it is
  // compiled when one comes.
  void Prepare(bool rehearse);

  // What the host hands over. Assign() answers whether the Work Function is there.
  bool Assign(Assignment assignment);
  void AddBatch(SliceBatch batch);
  void Reply(Answer answer);

  // Calls the prelude, then runs promise jobs. Empty when the Sandbox is to end.
  v8::MaybeLocal<v8::Value> Call(Prelude::Entry entry, int argc = 0,
                                 v8::Local<v8::Value>* argv = nullptr);
  void RunPromiseJobs();
  // In the midst of JavaScript. Nothing when promise jobs are what runs.
  void RunPromiseJobsNow();
  // Those of V8 that are due. Answers whether there were any; so do the next two.
  bool RunTasks();
  // What the GPU has to say; promise jobs are the caller's. Waits at most so long for it.
  bool PollGpu(double wait_ms);
  bool DispatchInspector() { return inspector_ && inspector_->Dispatch(); }
  // When V8 wants to run the next task.
  double NextTaskMs() { return isolate_.tasks().NextDueMs(); }
  // A Slice waits for a promise, and nothing can happen any more that would settle it.
  bool HasNothingToWaitFor();
  bool has_rejections() const { return rejections_.size() > 0; }
  // See Rejections::Take().
  v8::Local<v8::Array> TakeRejections();
  // Once the first Slices have run, and with them the code that every Sandbox of the Job needs.
  void OfferModulesCache();

  // More memory outside of the heap than it may have, and not because garbage lies about: the end
  // is decided.
  void EndIfOverMemory();
  // The same, but for garbage. Any thread, while the isolate lives.
  bool IsOverMemory() const;

  SegmentGate& segments() { return *segments_; }
  Environment& environment() { return environment_; }
  MemoryAccount& memory() { return isolate_.memory(); }
  // Null when none came with the Job.
  const Modules* modules() const { return modules_ ? &*modules_ : nullptr; }
  // The function of the modules' script. Empty when there is none; when it does not compile, with
  // an exception pending.
  v8::MaybeLocal<v8::Function> CompileModules();
  // Null when the Job gets no WebGPU. Any thread, while the isolate lives.
  SandboxGpu* gpu() const { return gpu_.load(); }

 private:
  static constexpr uint32_t kSelfSlot = 0;

  // V8 asks for the text of a stack, which it does when one is first read.
  static v8::MaybeLocal<v8::Value> FormatStack(v8::Local<v8::Context> context,
                                               v8::Local<v8::Value> error,
                                               v8::Local<v8::Array> sites);
  static void OnPromiseReject(v8::PromiseRejectMessage message);
  void OnNearHeapLimit();
  v8::Local<v8::Array> AdoptSegments(std::vector<Bytes> segments);
  void Fail(const std::string& message) { owner_.ending->Decide({"EEVALUATOR", message, 0}); }

  const Owner owner_;
  // What the isolate's ArrayBuffers lie on goes after the isolate.
  std::unique_ptr<SegmentGate> segments_;
  std::unique_ptr<SandboxGpu> gpu_owned_;
  std::atomic<SandboxGpu*> gpu_{nullptr};
  Isolate isolate_;
  v8::Global<v8::Context> context_;
  Prelude prelude_;
  Environment environment_;
  Rejections rejections_;
  // Null when it is not inspected.
  std::unique_ptr<Inspector> inspector_;
  std::optional<Modules> modules_;
  // Until its code has been offered to the next Sandboxes.
  v8::Global<v8::Function> modules_function_;
  double prepare_at_ms_;
};

}  // namespace dcp
