#include "sandbox/sandbox_isolate.h"

#include <string>
#include <utility>

#include "isolate/clock.h"
#include "v8/strings.h"

namespace dcp {

namespace {

// V8 says of import() no more than that it is not supported.
v8::MaybeLocal<v8::Promise> RefuseImport(v8::Local<v8::Context> context, v8::Local<v8::Data>,
                                         v8::Local<v8::Value>, v8::Local<v8::String>,
                                         v8::Local<v8::FixedArray>) {
  v8::Isolate* isolate = v8::Isolate::GetCurrent();
  v8::Local<v8::Promise::Resolver> resolver;
  if (!v8::Promise::Resolver::New(context).ToLocal(&resolver)) return {};
  v8::Local<v8::Value> error = v8::Exception::TypeError(
      Name(isolate,
           "import() is not there in a Work Function: have its modules come with the Job, by "
           "job.requires, and use require"));
  if (resolver->Reject(context, error).IsNothing()) return {};
  return resolver->GetPromise();
}

}  // namespace

// ---- Beginning and end
// -------------------------------------------------------------------------------------------

SandboxIsolate::SandboxIsolate(const Owner& owner, std::function<void()> wake,
                               AddFunctions add_functions)
    : owner_(owner),
      isolate_(owner.options->platform,
               IsolateOptions{
                   owner.options->heap_bytes,
                   owner.options->buffer_bytes,
                   std::move(wake),
                   [this] { OnNearHeapLimit(); },
               }),
      environment_(owner.options->scripts, add_functions) {
  get()->SetData(kSelfSlot, this);
  get()->SetPromiseRejectCallback(OnPromiseReject);
  get()->SetHostImportModuleDynamicallyCallback(RefuseImport);
  segments_ = std::make_unique<SegmentGate>(&isolate_);
}

SandboxIsolate::~SandboxIsolate() {
  // Handles go while the isolate is entered, the isolate itself once it is not.
  EnteredIsolate entered(get());
  if (gpu_owned_) gpu_owned_->Release();
  environment_.Clear();
  inspector_.reset();
  rejections_.Clear();
  memory().mappings().Clear();
  context_.Reset();
}

void SandboxIsolate::Start(std::shared_ptr<InspectorInbox> inbox, InspectorOwner inspector_owner) {
  v8::Isolate* isolate = get();
  EnteredIsolate entered(isolate);
  isolate->AddMessageListener(OnMessage);
  v8::Local<v8::Context> context = v8::Context::New(isolate);
  v8::Context::Scope context_scope(context);
  context_.Reset(isolate, context);
  const CpuMeterScope cpu_scope(owner_.cpu);
  if (inbox) {
    inspector_ =
        std::make_unique<Inspector>(isolate, context, std::move(inbox), std::move(inspector_owner));
  }
  RunFirst(context);
}

bool SandboxIsolate::OpenGpu(const GpuOffer& offer, std::string* why_not) {
  const auto on_adapter = [this](std::string name) {
    SandboxEvent event{owner_.options->id, SandboxEvent::kAdapter};
    event.text = std::move(name);
    owner_.outbox->Emit(std::move(event));
  };
  gpu_owned_ = SandboxGpu::Create(offer, owner_.options->gpu, owner_.options->buffer_bytes, get(),
                                  on_adapter, why_not);
  gpu_ = gpu_owned_.get();
  return gpu_owned_ != nullptr;
}

void SandboxIsolate::OnNearHeapLimit() {
  owner_.ending->Decide(
      {"EMEMORYLIMIT",
       "the heap reached its limit of " + std::to_string(owner_.options->heap_bytes >> 20) + " MiB",
       SliceOf(owner_.control->slice)});
  get()->TerminateExecution();
}

bool SandboxIsolate::IsOverMemory() const {
  const MemoryAccount& memory = isolate_.memory();
  const SandboxGpu* const of_gpu = gpu();
  return memory.Used() + (of_gpu == nullptr ? 0 : of_gpu->HostBytes()) > memory.limit();
}

void SandboxIsolate::EndIfOverMemory() {
  MemoryAccount& memory = isolate_.memory();
  if (owner_.ending->decided() || !IsOverMemory()) return;
  memory.Recount();
  if (gpu() != nullptr) gpu()->Bury();
  if (!IsOverMemory()) return;
  owner_.ending->Decide({"EMEMORYLIMIT",
                         std::string(gpu() == nullptr ? "buffers and WebAssembly"
                                                      : "buffers, WebAssembly and WebGPU") +
                             " reached their limit of " + std::to_string(memory.limit() >> 20) +
                             " MiB",
                         SliceOf(owner_.control->slice)});
}

// ---- Running
// -----------------------------------------------------------------------------------------------

void SandboxIsolate::RunPromiseJobs() {
  v8::TryCatch caught(get());
  const Deadlines::Running running(owner_.deadlines);
  get()->PerformMicrotaskCheckpoint();
}

void SandboxIsolate::RunPromiseJobsNow() {
  get()->PerformMicrotaskCheckpoint();
  // A termination ends the promise jobs, and would be forgotten with them.
  if (owner_.ending->decided()) get()->TerminateExecution();
}

bool SandboxIsolate::RunTasks() {
  const Deadlines::Running running(owner_.deadlines);
  return isolate_.tasks().RunDue(MonotonicMs());
}

bool SandboxIsolate::PollGpu(double wait_ms) {
  SandboxGpu* gpu = this->gpu();
  if (gpu == nullptr || !gpu->WantsPolling()) return false;
  v8::HandleScope scope(get());
  v8::TryCatch caught(get());
  // Listeners and getters of the Work Function's may run.
  const Deadlines::Running running(owner_.deadlines);
  return gpu->Poll(wait_ms);
}

bool SandboxIsolate::TakeGpuAnswers(double* since_ms) {
  SandboxGpu* gpu = this->gpu();
  if (gpu == nullptr || !gpu->WantsPolling()) return false;
  // One look at the clock for all of it.
  const Deadlines::Running running(owner_.deadlines);
  *since_ms = running.since_ms();
  {
    v8::HandleScope scope(get());
    v8::TryCatch caught(get());
    if (!gpu->Poll(0)) return false;
  }
  if (owner_.ending->decided()) return true;
  v8::TryCatch caught(get());
  get()->PerformMicrotaskCheckpoint();
  return true;
}

bool SandboxIsolate::NothingIsUnderWay() {
  // What V8 wants to do later is collecting garbage, which settles no promise; it may want that for
  // ever.
  return rejections_.size() == 0 && !(gpu() != nullptr && gpu()->HasPendingWork()) &&
         NextTaskMs() > 0 && !get()->HasPendingBackgroundTasks();
}

v8::Local<v8::Array> SandboxIsolate::TakeRejections() {
  owner_.control->rejections = 0;
  return rejections_.Take(get());
}

void SandboxIsolate::OnPromiseReject(v8::PromiseRejectMessage message) {
  v8::Isolate* isolate = v8::Isolate::GetCurrent();
  v8::HandleScope scope(isolate);
  SandboxIsolate& self = Of(isolate);
  self.rejections_.Note(isolate, message, self.owner_.control->slice);
  self.owner_.control->rejections = static_cast<double>(self.rejections_.size());
}

void SandboxIsolate::OnMessage(v8::Local<v8::Message>, v8::Local<v8::Value> thrown) {
  v8::Isolate* isolate = v8::Isolate::GetCurrent();
  SandboxIsolate& self = Of(isolate);
  if (self.owner_.ending->decided()) return;
  v8::HandleScope scope(isolate);
  v8::TryCatch caught(isolate);
  self.OnUncaught(thrown);
  // A termination would be forgotten with what it ended, and other tasks may follow.
  if (self.owner_.ending->decided()) isolate->TerminateExecution();
}

}  // namespace dcp
