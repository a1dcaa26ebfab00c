#include "sandbox/sandbox.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "isolate/clock.h"
#include "sandbox/run_queue.h"

namespace dcp {

namespace {

// How long a Sandbox may keep its thread while others wait for one.
constexpr double kQuantumMs = 10;
// How often what runs is looked at for what has no deadline: memory and CPU time.
constexpr double kTickMs = 10;
// The same once it should have ended.
constexpr double kLateTickMs = 100;
// How often one that has been given up is.
constexpr double kLostTickMs = 10'000;
// How long the GPU, or its driver's compiler, may work on when a Sandbox ends, before the Sandbox
// is left as it is.
constexpr double kGpuGraceMs = 2000;

// Sandboxes whose GPU does not come back.
struct DisownedSandboxes {
  std::mutex mutex;
  std::vector<std::shared_ptr<Sandbox>> sandboxes;
};

DisownedSandboxes& Disowned() {
  // Leaked on purpose, with all that is in it.
  static auto* disowned = new DisownedSandboxes();
  return *disowned;
}

}  // namespace

Sandbox::Sandbox(SandboxOptions options, std::weak_ptr<RunQueue> queue,
                 std::shared_ptr<SandboxListener> listener)
    : options_(std::move(options)),
      outbox_(options_.id, std::move(listener)),
      deadlines_(&control_, &cpu_, &outbox_),
      queue_(std::move(queue)),
      inspector_inbox_(options_.inspected ? std::make_shared<InspectorInbox>() : nullptr) {}

// ---- What the host says
// ------------------------------------------------------------------------------------------

void Sandbox::Dispose() {
  ending_.Decide({});
  Interrupt();
  Wake();
}

void Sandbox::Inspect(InspectorCommand command) {
  if (!inspector_inbox_) return;
  inspector_inbox_->Post(std::move(command));
  // JavaScript that runs looks up; one that waits is woken.
  Interrupt();
  Wake();
}

void Sandbox::AddGpuUse(GpuUse* sum) {
  std::lock_guard lock(mutex_);
  if (gpu() != nullptr) gpu()->AddUse(sum);
}

void Sandbox::Wake() {
  const auto self = weak_from_this().lock();
  if (auto queue = queue_.lock(); queue && self) queue->MakeRunnable(self);
}

// ---- Running
// -----------------------------------------------------------------------------------------------

bool Sandbox::Execute(Executor& executor, double gpu_wait_ms) {
  executor_ = &executor;
  const double started_ms = MonotonicMs();
  bool more = false;
  if (!ending_.decided() && !isolate_) CreateIsolate();
  // A Slice that waits uses no thread on which an interrupt could find it.
  EndIfOverdue();
  if (!ending_.decided()) {
    const SandboxIsolate::Entered entered(isolate_.get());
    if (gpu_wait_ms > 0 && isolate_->PollGpu(gpu_wait_ms) && !ending_.decided()) {
      isolate_->RunPromiseJobs();
    }
    do {
      more = !ending_.decided() && Turn();
      isolate_->EndIfOverMemory();
    } while (more && !ending_.decided() && MonotonicMs() - started_ms < kQuantumMs);
  }
  executor_ = nullptr;
  gpu_wait_ms_ = 0;
  if (ending_.decided()) {
    if (AwaitsGpu(gpu_wait_ms)) {
      gpu_wait_ms_ = gpu()->next_wait_ms();
      next_due_ms_ = kNever;
    } else {
      Finish();
    }
    return false;
  }
  isolate_->get()->DiscardThreadSpecificMetadata();
  ReadTimers();
  return more;
}

bool Sandbox::BeginTurn() {
  bool did = isolate_->DispatchInspector();
  did = RunCommands() || did;
  did = isolate_->RunTasks() || did;
  // What the GPU answers at once is told at once.
  double since_ms = 0;
  for (double until_ms = 0; isolate_->TakeGpuAnswers(&since_ms) && goes_on();) {
    did = true;
    if (until_ms == 0) until_ms = since_ms + kQuantumMs;
    if (since_ms > until_ms) break;
  }
  return did;
}

void Sandbox::ReadTimers() {
  if (gpu() != nullptr && gpu()->WantsPolling()) gpu_wait_ms_ = gpu()->next_wait_ms();
  next_due_ms_ = std::min(NextOwnMs(), isolate_->NextTaskMs());
}

// ---- What may end it
// ---------------------------------------------------------------------------------------------

double Sandbox::Check(double now_ms) {
  const bool running = deadlines_.IsRunning();
  if (ending_.decided()) {
    if (!running) return kNever;
  } else {
    std::lock_guard lock(mutex_);
    const double deadline_ms = deadlines_.Next();
    if (!deadlines_.HavePassed(now_ms, gpu())) {
      if (running && isolate_ && isolate_->IsOverMemory()) {
        RequestInterrupt();
      }
      // What the GPU does goes on when nothing runs here.
      const bool works = running || (gpu() != nullptr && gpu()->IsBusy());
      return works ? std::min(deadline_ms, now_ms + kTickMs) : deadline_ms;
    }
  }
  const bool lost = deadlines_.IsLost(now_ms);
  // V8 keeps every interrupt until it looks up, which a builtin may never do.
  if (deadlines_.was_lost() && !lost && now_ms < interrupt_again_ms_) return interrupt_again_ms_;
  interrupt_again_ms_ = now_ms + kLostTickMs;
  Interrupt();
  Wake();
  if (lost) {
    // Whatever ends it already is why: memory, for one, that the builtin goes on to fill.
    const End end = ending_.decided() ? ending_.Get() : Verdict();
    SandboxEvent event{options_.id, SandboxEvent::kLost};
    event.code = end.code;
    event.text = end.message;
    event.slice = end.slice;
    if (event.slice != 0) MeasureSlice(&event);
    outbox_.Emit(std::move(event));
  }
  return now_ms + kLateTickMs;
}

End Sandbox::Verdict() {
  std::lock_guard lock(mutex_);
  return deadlines_.Verdict(gpu());
}

void Sandbox::EndIfOverdue() {
  if (deadlines_.ArePassed()) ending_.Decide(Verdict());
}

void Sandbox::Interrupt() {
  if (deadlines_.is_paused()) return inspector_inbox_->Poke();
  std::lock_guard lock(mutex_);
  if (isolate_) RequestInterrupt();
}

void Sandbox::RequestInterrupt() {
  isolate_->get()->RequestInterrupt(OnInterrupt, this);
  if (gpu() != nullptr) gpu()->HeedInterrupt();
}

void Sandbox::Evict() {
  ending_.Decide({"EEVALUATOR", "the evaluator is closing", 0});
  Interrupt();
}

void Sandbox::OnInterrupt(v8::Isolate* isolate, void* data) {
  auto* self = static_cast<Sandbox*>(data);
  if (self->executor_ == nullptr) return;
  if (self->MustEnd()) return isolate->TerminateExecution();
  self->isolate_->DispatchInspector();
}

bool Sandbox::MustEnd() {
  EndIfOverdue();
  isolate_->EndIfOverMemory();
  EndIfNodeIsEnding();
  return ending_.decided();
}

void Sandbox::EndIfNodeIsEnding() {
  if (executor_->node_waits && executor_->node_is_ending(executor_->node_data)) {
    ending_.Decide({"EEVALUATOR", "the thread that ran the Sandbox was ended", 0});
  }
}

// ---- Beginning and end
// -------------------------------------------------------------------------------------------

void Sandbox::CreateIsolate() {
  const std::weak_ptr<Sandbox> weak = weak_from_this();
  auto created =
      MakeIsolate({this, &options_, &control_, &cpu_, &deadlines_, &ending_, &outbox_}, [weak] {
        if (auto self = weak.lock()) self->Wake();
      });
  {
    std::lock_guard lock(mutex_);
    isolate_ = std::move(created);
  }
  isolate_->Start(inspector_inbox_, OwnerOfInspector());
  if (!ending_.decided()) outbox_.Emit(SandboxEvent::kReady);
}

InspectorOwner Sandbox::OwnerOfInspector() {
  InspectorOwner owner;
  owner.send = [this](std::u16string message) {
    SandboxEvent event{options_.id, SandboxEvent::kInspectorMessage};
    event.inspector_message = std::move(message);
    outbox_.Emit(std::move(event));
  };
  owner.run = [this] { outbox_.Emit(SandboxEvent::kInspectorRun); };
  owner.on_pause = [this](bool paused) { paused ? deadlines_.Pause() : deadlines_.Resume(); };
  owner.is_ending = [this] {
    EndIfNodeIsEnding();
    if (ending_.decided()) isolate_->get()->TerminateExecution();
    return ending_.decided();
  };
  return owner;
}

bool Sandbox::AwaitsGpu(double wait_ms) {
  if (gpu() == nullptr || !gpu()->HoldsRelease()) return false;
  const double now_ms = MonotonicMs();
  if (gpu_grace_since_ms_ == 0) gpu_grace_since_ms_ = now_ms;
  gpu()->WaitIdle(wait_ms);
  return gpu()->HoldsRelease() && now_ms - gpu_grace_since_ms_ < kGpuGraceMs;
}

void Sandbox::Finish() {
  SandboxEvent event = EndEvent();
  event.disowned = LetGo();
  if (auto queue = queue_.lock()) queue->Retire(shared_from_this());
  outbox_.Emit(std::move(event));
}

SandboxEvent Sandbox::EndEvent() {
  End end = ending_.Get();
  SandboxEvent event{options_.id, SandboxEvent::kEnded};
  event.code = std::move(end.code);
  event.text = std::move(end.message);
  event.slice = end.slice;
  return event;
}

void Sandbox::MeasureSlice(SandboxEvent* event) {
  std::lock_guard lock(mutex_);
  const double now_ms = MonotonicMs();
  event->elapsed_ms = MsSince(ReadWord(control_.slice_started_ms), now_ms);
  // One thread at a time runs it.
  event->cpu_ms =
      std::min(MsSince(ReadWord(control_.cpu_read_ms), cpu_.MsFromOutside()), event->elapsed_ms);
  if (gpu() != nullptr) {
    event->webgpu_ms = MsSince(ReadWord(control_.gpu_read_ms), gpu()->BusyMs(now_ms));
  }
}

void Sandbox::Abandon() {
  ending_.Decide({});
  if (gpu() != nullptr) gpu()->WaitIdle(kGpuGraceMs);
  LetGo();
}

bool Sandbox::LetGo() {
  if (gpu() != nullptr && gpu()->HoldsRelease()) {
    std::lock_guard lock(Disowned().mutex);
    Disowned().sandboxes.push_back(shared_from_this());
    return true;
  }
  std::unique_ptr<SandboxIsolate> isolate;
  {
    std::lock_guard lock(mutex_);
    isolate = std::move(isolate_);
  }
  return false;
}

size_t Sandbox::disowned_count() {
  std::lock_guard lock(Disowned().mutex);
  return Disowned().sandboxes.size();
}

}  // namespace dcp
