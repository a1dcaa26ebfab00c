#include "sandbox/sandbox.h"

#include <algorithm>
#include <limits>
#include <optional>
#include <utility>

#include "isolate/clock.h"
#include "sandbox/host_functions.h"
#include "sandbox/run_queue.h"
#include "v8/strings.h"

namespace dcp {

namespace {

constexpr double kNever = std::numeric_limits<double>::infinity();
// How long a Sandbox may keep its thread while others wait for one.
constexpr double kQuantumMs = 10;
// Some builtins notice an interrupt late or never. After so long the thread is given up.
constexpr double kLostAfterMs = 2000;
// A Sandbox that is wanted at once gets its Job within that time, and prepares for nothing else.
constexpr double kPrepareAfterMs = 2;
// How often what runs is looked at for what has no deadline: memory and CPU time.
constexpr double kTickMs = 10;
// How long the GPU may work on when a Sandbox ends, before the Sandbox is left as it is.
constexpr double kGpuGraceMs = 2000;

// What a Sandbox said and its host has not done with, in bytes: no Slice begins beyond. Enough that
// a host which keeps up is never waited for.
constexpr size_t kMaxHeldBytes = size_t{16} << 20;
// What an event costs beside its payload.
constexpr size_t kEventBytes = 256;
// A prelude that does as it should delivers the results before a Slice that waits, and then that
// Slice's, before it is asked to stop.
constexpr int kMaxDeliveriesWhileFull = 4;

// Messages a host has not done with, in bytes. A prelude that keeps to its budgets stays far below,
// even when Slices that talk follow one another for a whole turn.
constexpr size_t kMaxSaidBytes = size_t{256} << 20;
// How much longer than its limit a Slice may go on by native code's own clock: what a turn does
// beside it.
constexpr double kOverrunMs = 1000;
// Code between Slices is mostly ours, and pays for what a busy machine does to it: compiling, the
// first words with a Job. Limits meant for Slices of a millisecond do not fit it.
constexpr double kLeastOutsideOfSlicesMs = 1000;
// Of what an exception says. Characters.
constexpr size_t kMaxDescription = size_t{1} << 16;

size_t BytesOf(const Bytes& head, const std::vector<Bytes>& segments) {
  size_t bytes = head.size;
  for (const Bytes& segment : segments) bytes += segment.size;
  return bytes;
}

// The prelude writes these words with plain stores while other threads read them.
double Read(const double& word) {
  return std::atomic_ref(const_cast<double&>(word)).load(std::memory_order_relaxed);
}

std::string Describe(v8::Isolate* isolate, const v8::TryCatch& caught) {
  v8::Local<v8::String> text;
  v8::HandleScope scope(isolate);
  v8::Local<v8::Context> context = isolate->GetCurrentContext();
  if (caught.HasCaught() && caught.Exception()->ToDetailString(context).ToLocal(&text)) {
    std::string shown = ToUtf8(isolate, text);
    if (shown.size() > kMaxDescription) shown.resize(kMaxDescription);
    return shown;
  }
  return "an exception that cannot be shown";
}

// A word of the prelude as the number of a Slice; 0 when it is none.
uint32_t SliceOf(double word) {
  return word >= 1 && word <= std::numeric_limits<uint32_t>::max() ? static_cast<uint32_t>(word)
                                                                   : 0;
}

// JavaScript runs for as long as this lives.
class CallTimer {
 public:
  explicit CallTimer(std::atomic<double>* called_ms) : called_ms_(called_ms) {
    called_ms_->store(MonotonicMs(), std::memory_order_relaxed);
  }
  ~CallTimer() { called_ms_->store(0, std::memory_order_relaxed); }
  CallTimer(const CallTimer&) = delete;
  CallTimer& operator=(const CallTimer&) = delete;

 private:
  std::atomic<double>* called_ms_;
};

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

std::string Seconds(double ms) {
  std::string text = std::to_string(ms / 1e3);
  text.erase(text.find_last_not_of('0') + 1);
  if (text.back() == '.') text.pop_back();
  return text + " s";
}

}  // namespace

const ScriptPurpose& PreludeScript() {
  static const auto* purpose = new ScriptPurpose{"dcp:prelude", {"host"}};
  return *purpose;
}

Sandbox::Sandbox(SandboxOptions options, std::weak_ptr<RunQueue> queue,
                 std::shared_ptr<SandboxListener> listener)
    : options_(std::move(options)),
      queue_(std::move(queue)),
      listener_(std::move(listener)),
      environment_(options_.scripts),
      inspector_inbox_(options_.inspected ? std::make_shared<InspectorInbox>() : nullptr) {}

std::shared_ptr<Sandbox> Sandbox::Create(SandboxOptions options, std::weak_ptr<RunQueue> queue,
                                         std::shared_ptr<SandboxListener> listener) {
  auto sandbox =
      std::make_shared<Sandbox>(std::move(options), std::move(queue), std::move(listener));
  Watchdog::Instance().Add(sandbox);
  return sandbox;
}

Sandbox::~Sandbox() { DestroyIsolate(); }

void Sandbox::Assign(Assignment assignment) {
  {
    std::lock_guard lock(mutex_);
    limits_ = assignment.limits;
    inbox_.emplace_back(std::move(assignment));
  }
  Wake();
}

void Sandbox::Run(SliceBatch batch) {
  {
    std::lock_guard lock(mutex_);
    inbox_.emplace_back(std::move(batch));
  }
  Wake();
}

void Sandbox::Reply(Answer answer) {
  {
    std::lock_guard lock(mutex_);
    inbox_.emplace_back(std::move(answer));
  }
  Wake();
}

void Sandbox::Dispose() {
  SetEnd({});
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

bool Sandbox::IsGpuBusy() {
  std::lock_guard lock(mutex_);
  return gpu_ && gpu_->IsBusy();
}

void Sandbox::Wake() {
  const auto self = weak_from_this().lock();
  if (auto queue = queue_.lock(); queue && self) queue->MakeRunnable(self);
}

void Sandbox::Abandon() {
  SetEnd({});
  if (gpu_) gpu_->WaitIdle(kGpuGraceMs);
  LetGo();
}

void Sandbox::SetEnd(End end) {
  std::lock_guard lock(mutex_);
  if (ending_) return;
  end_ = std::move(end);
  ending_ = true;
}

// ---- Running
// -----------------------------------------------------------------------------------------------

bool Sandbox::Execute(Executor& executor, double gpu_wait_ms) {
  executor_ = &executor;
  const double started_ms = MonotonicMs();
  bool more = false;
  if (!ending_ && !isolate_) CreateIsolate();
  // A Slice that waits uses no thread on which an interrupt could find it.
  EndIfOverdue();
  if (!ending_) {
    EnteredIsolate entered(isolate_->get());
    const CpuMeterScope cpu_scope(&cpu_);
    v8::Context::Scope context_scope(context_.Get(isolate_->get()));
    if (gpu_wait_ms > 0 && PollGpu(gpu_wait_ms) && !ending_) RunPromiseJobs();
    do {
      more = !ending_ && Turn();
      EndIfOverMemory();
    } while (more && !ending_ && MonotonicMs() - started_ms < kQuantumMs);
  }
  executor_ = nullptr;
  gpu_wait_ms_ = 0;
  if (ending_) {
    if (AwaitsGpu(gpu_wait_ms)) {
      gpu_wait_ms_ = gpu_->next_wait_ms();
      next_due_ms_ = kNever;
    } else {
      Finish();
    }
    return false;
  }
  isolate_->get()->DiscardThreadSpecificMetadata();
  if (gpu_ && gpu_->WantsPolling()) gpu_wait_ms_ = gpu_->next_wait_ms();
  // Not every double is a time: one that is none would upset the order of everybody's timers.
  const double work_timer_ms = control_.next_timer_ms > 0 ? control_.next_timer_ms : kNever;
  next_due_ms_ = std::min(work_timer_ms, isolate_->tasks().NextDueMs());
  if (!prepared_) next_due_ms_ = std::min(next_due_ms_, prepare_at_ms_);
  return more;
}

bool Sandbox::Turn() {
  v8::HandleScope scope(isolate_->get());
  bool did = inspector_ && inspector_->Dispatch();
  did = RunCommands() || did;
  did = RunTasks() || did;
  did = PollGpu(0) || did;
  if (!ending_ && !prepared_ && prepare_at_ms_ <= MonotonicMs()) {
    Prepare(true);
    did = true;
  }
  if (did && !ending_) RunPromiseJobs();
  if (!ending_ && rejections_.size() > 0) {
    Call(kRejections);
    did = true;
  }
  if (!ending_ && control_.next_timer_ms != 0 && control_.next_timer_ms <= MonotonicMs()) {
    Call(kTimers);
    did = true;
  }
  if (!ending_ && control_.state == Control::kMore && !IsFull()) {
    Call(kPump);
    did = true;
    if (!ending_ && drained_ && !modules_function_.IsEmpty()) OfferModulesCache();
  }
  if (!ending_ && control_.state == Control::kWaiting && control_.undelivered != 0 && !IsFull()) {
    // The Slice really waits: what was done before need not.
    Call(kFlush);
  }
  if (!ending_ && !did && control_.state == Control::kWaiting && HasNothingToWaitFor()) {
    Call(kStuck);
    did = true;
  }
  if (!ending_ && control_.state == Control::kIdle && !undelivered_.empty()) {
    SetEnd({"EEVALUATOR", "the Sandbox lost track of its Slices", 0});
  }
  return did;
}

bool Sandbox::HasNothingToWaitFor() {
  // What V8 wants to do later is collecting garbage, which settles no promise; it may want that for
  // ever.
  return control_.awaited_timers == 0 && control_.open_requests == 0 && rejections_.size() == 0 &&
         !(gpu_ && gpu_->HasPendingWork()) && isolate_->tasks().NextDueMs() > 0 &&
         !isolate_->get()->HasPendingBackgroundTasks();
}

v8::MaybeLocal<v8::Value> Sandbox::Call(Entry entry, int argc, v8::Local<v8::Value>* argv) {
  v8::Isolate* isolate = isolate_->get();
  v8::Local<v8::Context> context = isolate->GetCurrentContext();
  v8::TryCatch caught(isolate);
  v8::Local<v8::Value> result;
  std::optional<CallTimer> timer(&called_ms_);
  if (entry == kPump && unsettled_since_ms_ == 0) unsettled_since_ms_ = called_ms_.load();
  if (!entries_[entry]
           .Get(isolate)
           ->Call(context, v8::Undefined(isolate), argc, argv)
           .ToLocal(&result)) {
    // A termination has its reason set by whoever asked for it. Anything else is a fault of the
    // prelude, which a Work Function can only bring about by breaking what the prelude relies on.
    SetEnd({"EEVALUATOR", "the Sandbox failed: " + Describe(isolate, caught), 0});
    return {};
  }
  timer.reset();
  RunPromiseJobs();
  return result;
}

void Sandbox::RunPromiseJobs() {
  v8::TryCatch caught(isolate_->get());
  const CallTimer timer(&called_ms_);
  isolate_->get()->PerformMicrotaskCheckpoint();
}

void Sandbox::RunPromiseJobsNow() {
  isolate_->get()->PerformMicrotaskCheckpoint();
  // A termination ends the promise jobs, and would be forgotten with them.
  if (ending_) isolate_->get()->TerminateExecution();
}

v8::Local<v8::Array> Sandbox::TakeRejections() {
  control_.rejections = 0;
  return rejections_.Take(isolate_->get());
}

void Sandbox::OnPromiseReject(v8::PromiseRejectMessage message) {
  v8::Isolate* isolate = v8::Isolate::GetCurrent();
  v8::HandleScope scope(isolate);
  Sandbox* self = Of(isolate);
  self->rejections_.Note(isolate, message, self->control_.slice);
  self->control_.rejections = static_cast<double>(self->rejections_.size());
}

bool Sandbox::RunTasks() {
  const CallTimer timer(&called_ms_);
  return isolate_->tasks().RunDue(MonotonicMs());
}

bool Sandbox::PollGpu(double wait_ms) {
  if (!gpu_ || !gpu_->WantsPolling()) return false;
  v8::HandleScope scope(isolate_->get());
  v8::TryCatch caught(isolate_->get());
  // Listeners and getters of the Work Function's may run.
  const CallTimer timer(&called_ms_);
  return gpu_->Poll(wait_ms);
}

bool Sandbox::RunCommands() {
  std::deque<Command> commands;
  {
    std::lock_guard lock(mutex_);
    commands.swap(inbox_);
  }
  const bool any = !commands.empty();
  while (!commands.empty()) {
    if (auto* assignment = std::get_if<Assignment>(&commands.front())) {
      if (!ending_) ApplyAssignment(std::move(*assignment));
    } else if (auto* answer = std::get_if<Answer>(&commands.front())) {
      if (!ending_) ApplyAnswer(std::move(*answer));
    } else {
      ApplyBatch(std::move(std::get<SliceBatch>(commands.front())));
    }
    commands.pop_front();
  }
  return any;
}

void Sandbox::Prepare(bool rehearse) {
  prepared_ = true;
  v8::Isolate* isolate = isolate_->get();
  v8::Local<v8::Context> context = isolate->GetCurrentContext();
  v8::TryCatch caught(isolate);
  v8::Local<v8::Object> codec;
  // No limit of the Job's applies: nothing of a Job has run. The codec looks for what the web has
  // and a bare isolate lacks, so it comes before the names that would load on sight.
  const auto prepare = [&] {
    if (!environment_.Load(context, "codec").ToLocal(&codec)) return false;
    v8::Local<v8::Value> argv[] = {codec, v8::Boolean::New(isolate, rehearse)};
    return !entries_[kPrepare]
                .Get(isolate)
                ->Call(context, v8::Undefined(isolate), 2, argv)
                .IsEmpty() &&
           environment_.Install(context);
  };
  if (!prepare()) {
    SetEnd({"EEVALUATOR", "the prelude failed: " + Describe(isolate, caught), 0});
    return;
  }
  if (!prelude_.IsEmpty()) options_.scripts->prelude->OfferCache(prelude_.Get(isolate));
  prelude_.Reset();
}

void Sandbox::ApplyAssignment(Assignment assignment) {
  v8::Isolate* isolate = isolate_->get();
  v8::Local<v8::String> description;
  v8::Local<v8::String> work_function;
  if (!NewString(isolate, assignment.description).ToLocal(&description) ||
      !NewString(isolate, assignment.work_function).ToLocal(&work_function)) {
    SetEnd({"EWORKFUNCTION", "the Work Function is longer than V8's longest string", 0});
    return;
  }
  if (!prepared_) Prepare(false);
  if (ending_) return;
  modules_ = std::move(assignment.modules);
  if (assignment.gpu) {
    std::string why_not;
    auto gpu = SandboxGpu::Create(*assignment.gpu, options_.gpu, isolate, &why_not);
    if (!gpu) return SetEnd({"EREQUIREMENT", why_not, 0});
    std::lock_guard lock(mutex_);
    gpu_ = std::move(gpu);
  }
  v8::Local<v8::Value> argv[] = {
      description,
      work_function,
      AdoptBytes(isolate, std::move(assignment.arguments.head)),
      AdoptSegments(std::move(assignment.arguments.segments)),
  };
  v8::Local<v8::Value> failure;
  if (!Call(kAssign, 4, argv).ToLocal(&failure)) return;
  if (failure->IsString()) {
    SetEnd({"EWORKFUNCTION", ToUtf8(isolate, failure.As<v8::String>()), 0});
    return;
  }
  assigned_ = true;
  SandboxEvent event{options_.id, SandboxEvent::kAssigned};
  Emit(std::move(event));
}

void Sandbox::ApplyBatch(SliceBatch batch) {
  undelivered_.insert(undelivered_.end(), batch.numbers.begin(), batch.numbers.end());
  if (ending_ || batch.numbers.empty()) return;
  drained_ = false;
  segments_->BeginBatch();
  v8::Isolate* isolate = isolate_->get();
  const auto copy = [&](const std::vector<uint32_t>& column) {
    return AdoptBytes(isolate, Bytes::Copy(column.data(), column.size() * sizeof(uint32_t)));
  };
  v8::Local<v8::Value> argv[] = {
      copy(batch.numbers),
      AdoptBytes(isolate, std::move(batch.payloads.heads)),
      copy(batch.payloads.head_ends),
      AdoptSegments(std::move(batch.payloads.segments)),
      copy(batch.payloads.segment_ends),
  };
  Call(kAddBatch, 5, argv);
}

void Sandbox::ApplyAnswer(Answer answer) {
  v8::Isolate* isolate = isolate_->get();
  v8::Local<v8::String> text;
  if (!NewString(isolate, answer.text).ToLocal(&text)) return;
  size_t bytes = 0;
  for (const Bytes& segment : answer.segments) bytes += segment.size;
  segments_->BeginBatch();
  // Unlike the data of a Slice, these are more the more the Work Function asks for.
  const bool fits = segments_->MakeRoom(bytes);
  v8::Local<v8::Value> argv[] = {
      v8::Number::New(isolate, answer.request),
      text,
      fits ? AdoptSegments(std::move(answer.segments)).As<v8::Value>()
           : v8::Null(isolate).As<v8::Value>(),
  };
  Call(kAnswer, 3, argv);
}

v8::MaybeLocal<v8::Function> Sandbox::CompileModules() {
  v8::Isolate* isolate = isolate_->get();
  v8::Local<v8::Function> function;
  if (!modules_ ||
      !modules_->script->Compile(isolate, isolate->GetCurrentContext()).ToLocal(&function)) {
    return {};
  }
  if (!modules_->script->has_cache()) modules_function_.Reset(isolate, function);
  // Positions of other code are those of its source already.
  isolate->SetPrepareStackTraceCallback(FormatStack);
  return function;
}

v8::MaybeLocal<v8::Value> Sandbox::FormatStack(v8::Local<v8::Context> context,
                                               v8::Local<v8::Value> error,
                                               v8::Local<v8::Array> sites) {
  v8::Isolate* isolate = v8::Isolate::GetCurrent();
  v8::Local<v8::Value> argv[] = {error, sites};
  return Of(isolate)->entries_[kStack].Get(isolate)->Call(context, v8::Undefined(isolate), 2, argv);
}

void Sandbox::OfferModulesCache() {
  v8::Isolate* isolate = isolate_->get();
  modules_->script->OfferCache(modules_function_.Get(isolate));
  modules_function_.Reset();
}

v8::Local<v8::Array> Sandbox::AdoptSegments(std::vector<Bytes> segments) {
  std::vector<v8::Local<v8::Value>> buffers;
  buffers.reserve(segments.size());
  for (Bytes& segment : segments) buffers.push_back(segments_->Adopt(std::move(segment)));
  return v8::Array::New(isolate_->get(), buffers.data(), buffers.size());
}

// ---- What the prelude reports
// ----------------------------------------------------------------------------------

void Sandbox::Emit(SandboxEvent event) {
  switch (event.kind) {
    case SandboxEvent::kResults: {
      const Columns& payloads = event.results.payloads;
      event.bytes = kEventBytes + BytesOf(payloads.heads, payloads.segments);
      break;
    }
    case SandboxEvent::kMessage:
      event.bytes =
          kEventBytes + event.text.size() + BytesOf(event.payload.head, event.payload.segments);
      said_bytes_.fetch_add(event.bytes);
      break;
    default:
      break;
  }
  held_bytes_.fetch_add(event.bytes);
  listener_->OnEvent(std::move(event));
}

bool Sandbox::IsFull() const { return held_bytes_.load() >= kMaxHeldBytes; }

bool Sandbox::MaySay(size_t bytes) {
  if (ending_) return false;
  if (bytes < kMaxSaidBytes && said_bytes_.load() + bytes < kMaxSaidBytes) return true;
  SetEnd({"EEVALUATOR", "the Sandbox said more than its prelude lets it", 0});
  isolate_->get()->TerminateExecution();
  return false;
}

void Sandbox::Release(size_t bytes, bool of_message) {
  if (of_message) said_bytes_.fetch_sub(bytes);
  const size_t before = held_bytes_.fetch_sub(bytes);
  if (before >= kMaxHeldBytes && before - bytes < kMaxHeldBytes) Wake();
}

bool Sandbox::Settle(uint32_t number) {
  // One Slice runs at a time, so they end in the order in which they came.
  if (undelivered_.empty() || undelivered_.front() != number) return false;
  undelivered_.pop_front();
  unsettled_since_ms_ = 0;
  return true;
}

bool Sandbox::DeliverResults(ResultBatch results) {
  const auto& numbers = results.numbers;
  if (numbers.size() > undelivered_.size() ||
      !std::equal(numbers.begin(), numbers.end(), undelivered_.begin())) {
    return false;
  }
  deliveries_while_full_ = IsFull() ? deliveries_while_full_ + 1 : 0;
  if (deliveries_while_full_ > kMaxDeliveriesWhileFull) return false;
  undelivered_.erase(undelivered_.begin(),
                     undelivered_.begin() + static_cast<std::ptrdiff_t>(numbers.size()));
  if (!numbers.empty()) unsettled_since_ms_ = 0;
  SandboxEvent event{options_.id, SandboxEvent::kResults};
  event.results = std::move(results);
  Emit(std::move(event));
  return true;
}

void Sandbox::ReportDrained() {
  if (drained_ || !undelivered_.empty()) return;
  drained_ = true;
  Emit({options_.id, SandboxEvent::kDrained});
}

// ---- Deadlines
// --------------------------------------------------------------------------------------------------

double Sandbox::NextDeadline(const char** code) const {
  if (paused_ms_.load(std::memory_order_relaxed) != 0) return kNever;
  if (Read(control_.slice) == 0) {
    if (code != nullptr) *code = "EEVALUATOR";
    const double called_ms = called_ms_.load(std::memory_order_relaxed);
    return called_ms == 0 ? kNever : called_ms + LimitOutsideOfSlices();
  }
  const double slice_end = Read(control_.slice_started_ms) + limits_.slice_ms;
  const double progress_end = Read(control_.progress_ms) + limits_.progress_ms;
  if (code != nullptr) *code = progress_end < slice_end ? "ENOPROGRESS" : "ESLICETOOSLOW";
  const double end = std::min(slice_end, progress_end);
  // The prelude's words may lie, even be no numbers. That some Slice should have ended we know
  // ourselves.
  const double latest = LatestEnd();
  return end < latest ? end : latest;
}

double Sandbox::LimitOutsideOfSlices() const {
  return std::max(std::min(limits_.slice_ms, limits_.progress_ms), kLeastOutsideOfSlicesMs);
}

double Sandbox::LatestEnd() const {
  const double since_ms = unsettled_since_ms_.load(std::memory_order_relaxed);
  // While the host takes nothing more, what has ended cannot be delivered.
  return since_ms == 0 || IsFull() ? kNever : since_ms + limits_.slice_ms + kOverrunMs;
}

double Sandbox::Check(double now_ms) {
  const bool running = called_ms_.load(std::memory_order_relaxed) != 0;
  if (ending_) {
    if (!running) return kNever;
  } else {
    std::lock_guard lock(mutex_);
    const double deadline = NextDeadline(nullptr);
    if (now_ms < deadline && !HasUsedUpCpu() && !HasUsedUpGpu(now_ms)) {
      late_since_ms_ = 0;
      if (!running) {
        // What the GPU does goes on when nothing runs here.
        return gpu_ && gpu_->IsBusy() ? std::min(deadline, now_ms + kTickMs) : deadline;
      }
      if (isolate_ && IsOverMemory()) {
        isolate_->get()->RequestInterrupt(OnInterrupt, this);
      }
      return std::min(deadline, now_ms + kTickMs);
    }
    overdue_ = true;
  }
  if (late_since_ms_ == 0) late_since_ms_ = now_ms;
  Interrupt();
  Wake();
  if (running && !lost_ && now_ms - late_since_ms_ >= kLostAfterMs) {
    lost_ = true;
    // Whatever ends it already is why: memory, for one, that the builtin goes on to fill.
    const End end = ending_ ? DecidedEnd() : Overdue();
    SandboxEvent event{options_.id, SandboxEvent::kLost};
    event.code = end.code;
    event.text = end.message;
    event.slice = end.slice;
    Emit(std::move(event));
  }
  return now_ms + 100;
}

Sandbox::End Sandbox::DecidedEnd() {
  std::lock_guard lock(mutex_);
  return end_;
}

void Sandbox::EndIfOverdue() {
  if (!overdue_.exchange(false)) return;
  // What the watchdog saw may be over: what counts is what runs now.
  const double started_ms = Read(control_.slice_started_ms);
  if (MonotonicMs() >= NextDeadline(nullptr) || over_cpu_ == started_ms ||
      over_gpu_ == started_ms) {
    SetEnd(Overdue());
  }
}

bool Sandbox::HasUsedUpCpu() {
  if (Read(control_.slice) == 0) return false;
  const double cpu_ms = cpu_.MsFromOutside();
  const double started_ms = Read(control_.slice_started_ms);
  if (started_ms != seen_slice_started_ms_) {
    seen_slice_started_ms_ = started_ms;
    cpu_at_first_sight_ms_ = cpu_ms;
  }
  if (cpu_ms - cpu_at_first_sight_ms_ < limits_.cpu_ms) return false;
  over_cpu_ = started_ms;
  return true;
}

bool Sandbox::HasUsedUpGpu(double now_ms) {
  if (!gpu_ || Read(control_.slice) == 0) return false;
  const double gpu_ms = gpu_->BusyMs(now_ms);
  const double started_ms = Read(control_.slice_started_ms);
  if (started_ms != gpu_seen_slice_started_ms_) {
    gpu_seen_slice_started_ms_ = started_ms;
    gpu_at_first_sight_ms_ = gpu_ms;
  }
  if (gpu_ms - gpu_at_first_sight_ms_ < limits_.gpu_ms) return false;
  over_gpu_ = started_ms;
  return true;
}

bool Sandbox::IsOverMemory() const {
  const MemoryAccount& memory = isolate_->memory();
  return memory.Used() > memory.limit();
}

void Sandbox::EndIfOverMemory() {
  MemoryAccount& memory = isolate_->memory();
  if (ending_ || !IsOverMemory()) return;
  memory.Recount();
  if (!IsOverMemory()) return;
  SetEnd({"EMEMORYLIMIT",
          "buffers and WebAssembly reached their limit of " + std::to_string(memory.limit() >> 20) +
              " MiB",
          static_cast<uint32_t>(control_.slice)});
}

Sandbox::End Sandbox::Overdue() const {
  const char* code = "EEVALUATOR";
  NextDeadline(&code);
  const std::string_view what(code);
  const auto slice = SliceOf(Read(control_.slice));
  if (slice != 0 && over_cpu_ == Read(control_.slice_started_ms)) {
    return {"ECPULIMIT", "the Slice used more than " + Seconds(limits_.cpu_ms) + " of CPU time",
            slice};
  }
  if (slice != 0 && over_gpu_ == Read(control_.slice_started_ms)) {
    return {"EGPUTIMEOUT",
            "the GPU worked longer than " + Seconds(limits_.gpu_ms) + " for the Slice", slice};
  }
  // Nothing runs here, so it is the GPU that the Slice waits for.
  if (slice != 0 && called_ms_ == 0 && gpu_ && gpu_->IsBusy()) {
    return {"EGPUTIMEOUT",
            "the GPU did not come back from what the Slice submitted within " +
                Seconds(what == "ENOPROGRESS" ? limits_.progress_ms : limits_.slice_ms),
            slice};
  }
  if (what == "ENOPROGRESS")
    return {code, "no progress() for " + Seconds(limits_.progress_ms), slice};
  if (what == "ESLICETOOSLOW")
    return {code, "the Slice ran longer than " + Seconds(limits_.slice_ms), slice};
  const std::string limit = Seconds(LimitOutsideOfSlices());
  // Loading the Work Function is its own doing, code that outlived its Slice is nobody's.
  if (!assigned_) return {"ENOPROGRESS", "loading the Work Function took longer than " + limit, 0};
  return {code, "code that belongs to no Slice ran longer than " + limit, 0};
}

void Sandbox::Interrupt() {
  if (paused_ms_.load(std::memory_order_relaxed) != 0) return inspector_inbox_->Poke();
  std::lock_guard lock(mutex_);
  if (isolate_) isolate_->get()->RequestInterrupt(OnInterrupt, this);
}

void Sandbox::Evict() {
  SetEnd({"EEVALUATOR", "the evaluator is closing", 0});
  Interrupt();
}

void Sandbox::OnInterrupt(v8::Isolate* isolate, void* data) {
  auto* self = static_cast<Sandbox*>(data);
  if (self->executor_ == nullptr) return;
  self->EndIfOverdue();
  self->EndIfOverMemory();
  self->EndIfNodeIsEnding();
  if (self->ending_) return isolate->TerminateExecution();
  if (self->inspector_) self->inspector_->Dispatch();
}

void Sandbox::EndIfNodeIsEnding() {
  if (executor_->node_waits && executor_->node_is_ending(executor_->node_data)) {
    SetEnd({"EEVALUATOR", "the thread that ran the Sandbox was ended", 0});
  }
}

void Sandbox::CreateInspector(v8::Local<v8::Context> context) {
  const auto send = [this](std::u16string message) {
    SandboxEvent event{options_.id, SandboxEvent::kInspectorMessage};
    event.inspector_message = std::move(message);
    Emit(std::move(event));
  };
  const auto is_ending = [this] {
    EndIfNodeIsEnding();
    if (ending_) isolate_->get()->TerminateExecution();
    return ending_.load();
  };
  inspector_ = std::make_unique<Inspector>(
      isolate_->get(), context, inspector_inbox_,
      InspectorOwner{send,
                     [this] {
                       Emit({options_.id, SandboxEvent::kInspectorRun});
                     },
                     [this](bool paused) { OnPause(paused); }, is_ending});
}

void Sandbox::OnPause(bool paused) {
  const double now_ms = MonotonicMs();
  if (paused) {
    paused_ms_ = now_ms;
    return;
  }
  const double held_ms = now_ms - paused_ms_;
  control_.slice_started_ms += held_ms;
  control_.progress_ms += held_ms;
  if (called_ms_ != 0) called_ms_ = called_ms_ + held_ms;
  if (unsettled_since_ms_ != 0) unsettled_since_ms_ = unsettled_since_ms_ + held_ms;
  paused_ms_ = 0;
}

void Sandbox::OnNearHeapLimit() {
  SetEnd({"EMEMORYLIMIT",
          "the heap reached its limit of " + std::to_string(options_.heap_bytes >> 20) + " MiB",
          SliceOf(control_.slice)});
  isolate_->get()->TerminateExecution();
}

// ---- Beginning and end
// -------------------------------------------------------------------------------------------

void Sandbox::CreateIsolate() {
  const std::weak_ptr<Sandbox> weak = weak_from_this();
  auto created = std::make_unique<Isolate>(options_.platform, IsolateOptions{
                                                                  options_.heap_bytes,
                                                                  options_.buffer_bytes,
                                                                  [weak] {
                                                                    if (auto self = weak.lock())
                                                                      self->Wake();
                                                                  },
                                                                  [this] { OnNearHeapLimit(); },
                                                              });
  created->get()->SetData(kIsolateSlot, this);
  created->get()->SetPromiseRejectCallback(OnPromiseReject);
  {
    // From here on other threads may interrupt it.
    std::lock_guard lock(mutex_);
    isolate_ = std::move(created);
  }
  v8::Isolate* isolate = isolate_->get();
  segments_ = std::make_unique<SegmentGate>(isolate_.get());
  EnteredIsolate entered(isolate);
  v8::Local<v8::Context> context = v8::Context::New(isolate);
  v8::Context::Scope context_scope(context);
  context_.Reset(isolate, context);
  const CpuMeterScope cpu_scope(&cpu_);
  if (inspector_inbox_) CreateInspector(context);

  v8::TryCatch caught(isolate);
  v8::Local<v8::Function> prelude;
  v8::Local<v8::Value> entries;
  v8::Local<v8::Object> host = MakeHostObject(context, &control_, sizeof control_ / sizeof(double));
  v8::Local<v8::Value> argv[] = {host};
  if (!options_.scripts->prelude->Compile(isolate, context).ToLocal(&prelude) ||
      !prelude->Call(context, v8::Undefined(isolate), 1, argv).ToLocal(&entries) ||
      !entries->IsObject()) {
    SetEnd({"EEVALUATOR", "the prelude failed: " + Describe(isolate, caught), 0});
    return;
  }
  static constexpr const char* kNames[kEntryCount] = {"prepare", "assign", "addBatch", "pump",
                                                      "flush",   "timers", "stuck",    "rejections",
                                                      "answer",  "stack"};
  for (int entry = 0; entry < kEntryCount; entry++) {
    v8::Local<v8::Value> function;
    if (!entries.As<v8::Object>()->Get(context, Name(isolate, kNames[entry])).ToLocal(&function) ||
        !function->IsFunction()) {
      SetEnd({"EEVALUATOR", std::string("the prelude has no entry ") + kNames[entry], 0});
      return;
    }
    entries_[entry].Reset(isolate, function.As<v8::Function>());
  }
  v8::Local<v8::Value> realm;
  if (!entries.As<v8::Object>()->Get(context, Name(isolate, "realm")).ToLocal(&realm) ||
      !realm->IsObject()) {
    SetEnd({"EEVALUATOR", "the prelude has no realm", 0});
    return;
  }
  environment_.Attach(isolate, host, realm.As<v8::Object>());
  if (options_.scripts->prelude->has_cache()) {
    prepare_at_ms_ = MonotonicMs() + kPrepareAfterMs;
  } else {
    // The first of the process goes through everything at once, for the cache.
    prelude_.Reset(isolate, prelude);
    Prepare(true);
    if (ending_) return;
  }
  RunPromiseJobs();
  Emit({options_.id, SandboxEvent::kReady});
}

bool Sandbox::AwaitsGpu(double wait_ms) {
  if (!gpu_ || !gpu_->IsBusy()) return false;
  const double now_ms = MonotonicMs();
  if (gpu_grace_since_ms_ == 0) gpu_grace_since_ms_ = now_ms;
  gpu_->WaitIdle(wait_ms);
  return gpu_->IsBusy() && now_ms - gpu_grace_since_ms_ < kGpuGraceMs;
}

bool Sandbox::LetGo() {
  if (!gpu_ || !gpu_->IsBusy()) {
    DestroyIsolate();
    return false;
  }
  std::lock_guard lock(Disowned().mutex);
  Disowned().sandboxes.push_back(shared_from_this());
  return true;
}

size_t Sandbox::disowned_count() {
  std::lock_guard lock(Disowned().mutex);
  return Disowned().sandboxes.size();
}

void Sandbox::Finish() {
  SandboxEvent event{options_.id, SandboxEvent::kEnded};
  {
    std::lock_guard lock(mutex_);
    // Copies: the watchdog may be telling the same.
    event.code = end_.code;
    event.text = end_.message;
    event.slice = end_.slice;
    for (const Command& command : inbox_) {
      if (const auto* batch = std::get_if<SliceBatch>(&command)) {
        undelivered_.insert(undelivered_.end(), batch->numbers.begin(), batch->numbers.end());
      }
    }
    inbox_.clear();
  }
  // The Slice that was running comes first; those before it ran, and their results died with the
  // Sandbox.
  const auto running = SliceOf(control_.slice);
  const auto at = std::find(undelivered_.begin(), undelivered_.end(), running);
  if (at != undelivered_.end()) {
    undelivered_.erase(at);
    event.elapsed_ms = MonotonicMs() - control_.slice_started_ms;
    if (event.slice == 0) {
      undelivered_.push_front(running);
      event.number = 1;
    }
  } else {
    // Whatever the prelude claims, blame needs a Slice that was really here.
    event.slice = 0;
  }
  event.unfinished.assign(undelivered_.begin(), undelivered_.end());
  event.disowned = LetGo();
  if (auto queue = queue_.lock()) queue->Retire(shared_from_this());
  Emit(std::move(event));
}

void Sandbox::DestroyIsolate() {
  std::unique_ptr<Isolate> isolate;
  std::unique_ptr<SandboxGpu> gpu;
  {
    std::lock_guard lock(mutex_);
    isolate = std::move(isolate_);
    gpu = std::move(gpu_);
  }
  if (!isolate) return;
  {
    // Handles go while the isolate is entered, the isolate itself once it is not.
    EnteredIsolate entered(isolate->get());
    if (gpu) gpu->Release();
    for (auto& entry : entries_) entry.Reset();
    prelude_.Reset();
    environment_.Clear();
    modules_function_.Reset();
    inspector_.reset();
    rejections_.Clear();
    context_.Reset();
  }
  isolate.reset();
  gpu.reset();
  // What its ArrayBuffers lay on goes last.
  segments_.reset();
}

}  // namespace dcp
