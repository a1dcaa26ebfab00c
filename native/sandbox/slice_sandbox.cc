#include "sandbox/slice_sandbox.h"

#include <algorithm>
#include <utility>
#include <variant>

#include "isolate/clock.h"

namespace dcp {

namespace {

// A Sandbox that waits for its Job's next Task so long had better not hold what the last one left
// behind. Rare enough that collecting it is not felt: some milliseconds.
constexpr double kTidyAfterMs = 500;
// A larger heap is what the Job wants to keep, and takes long to look through.
constexpr size_t kTidyHeapBytes = size_t{64} << 20;

}  // namespace

SliceSandbox::SliceSandbox(SandboxOptions options, std::weak_ptr<RunQueue> queue,
                           std::shared_ptr<SandboxListener> listener)
    : Sandbox(std::move(options), std::move(queue), std::move(listener)) {}

std::unique_ptr<SandboxIsolate> SliceSandbox::MakeIsolate(const SandboxIsolate::Owner& owner,
                                                          std::function<void()> wake) {
  return std::make_unique<SliceIsolate>(owner, std::move(wake));
}

// ---- What the host says
// ------------------------------------------------------------------------------------------

void SliceSandbox::Post(Command command) {
  {
    std::lock_guard lock(mutex_);
    if (const auto* assignment = std::get_if<Assignment>(&command)) {
      deadlines_.SetLimits(assignment->limits);
    }
    inbox_.push_back(std::move(command));
  }
  Wake();
}

void SliceSandbox::Assign(Assignment assignment) { Post(std::move(assignment)); }
void SliceSandbox::Run(SliceBatch batch) { Post(std::move(batch)); }
void SliceSandbox::Reply(Answer answer) { Post(std::move(answer)); }

void SliceSandbox::Release(size_t bytes, bool of_message) {
  if (outbox_.Release(bytes, of_message)) Wake();
}

// ---- Running
// -----------------------------------------------------------------------------------------------

bool SliceSandbox::Turn() {
  SliceIsolate& isolate = this->isolate();
  v8::HandleScope scope(isolate.get());
  bool did = BeginTurn();
  if (goes_on() && isolate.prepare_at_ms() <= MonotonicMs()) {
    isolate.Prepare(true);
    did = true;
  }
  if (did && goes_on()) isolate.RunPromiseJobs();
  if (goes_on() && isolate.has_rejections()) {
    isolate.Call(Prelude::kRejections);
    did = true;
  }
  if (goes_on() && control_.next_timer_ms > 0 && control_.next_timer_ms <= MonotonicMs()) {
    isolate.Call(Prelude::kTimers);
    did = true;
  }
  if (goes_on() && control_.state == Control::kMore && !outbox_.IsFull()) {
    isolate.Call(Prelude::kPump);
    did = true;
    if (goes_on() && owed_.drained()) isolate.OfferModulesCache();
  }
  if (goes_on() && control_.state == Control::kWaiting && control_.undelivered != 0 &&
      !outbox_.IsFull()) {
    // The Slice really waits: what was done before need not.
    isolate.Call(Prelude::kFlush);
  }
  if (goes_on() && !did && control_.state == Control::kWaiting && isolate.HasNothingToWaitFor()) {
    isolate.Call(Prelude::kStuck);
    did = true;
  }
  if (goes_on() && Tidy()) did = true;
  if (goes_on() && control_.state == Control::kIdle && !owed_.empty()) {
    ending_.Decide({"EEVALUATOR", "the Sandbox lost track of its Slices", 0});
  }
  return did;
}

bool SliceSandbox::Tidy() {
  if (!owed_.empty() || tidy_at_ms_ > MonotonicMs()) return false;
  tidy_at_ms_ = kNever;
  v8::HeapStatistics heap;
  isolate().get()->GetHeapStatistics(&heap);
  if (heap.used_heap_size() <= kTidyHeapBytes) isolate().get()->LowMemoryNotification();
  return true;
}

bool SliceSandbox::RunCommands() {
  std::deque<Command> commands;
  {
    std::lock_guard lock(mutex_);
    commands.swap(inbox_);
  }
  const bool any = !commands.empty();
  for (Command& command : commands) {
    if (auto* batch = std::get_if<SliceBatch>(&command)) {
      // Whatever comes of them, they are owed.
      owed_.Add(batch->numbers);
      if (!ending_.decided() && !batch->numbers.empty()) isolate().AddBatch(std::move(*batch));
    } else if (ending_.decided()) {
      continue;
    } else if (auto* answer = std::get_if<Answer>(&command)) {
      isolate().Reply(std::move(*answer));
    } else if (isolate().Assign(std::move(std::get<Assignment>(command)))) {
      outbox_.Emit(SandboxEvent::kAssigned);
    }
  }
  return any;
}

double SliceSandbox::NextOwnMs() {
  // Not every double is a time: one that is none would upset the order of everybody's timers.
  const double work_timer_ms = control_.next_timer_ms > 0 ? control_.next_timer_ms : kNever;
  return std::min({work_timer_ms, isolate().prepare_at_ms(), tidy_at_ms_});
}

// ---- What the prelude reports
// ----------------------------------------------------------------------------------

bool SliceSandbox::MaySay(size_t bytes) {
  if (ending_.decided()) return false;
  if (outbox_.MaySay(bytes)) return true;
  ending_.Decide({"EEVALUATOR", "the Sandbox said more than its prelude lets it", 0});
  isolate().get()->TerminateExecution();
  return false;
}

bool SliceSandbox::Settle(uint32_t number) {
  if (!owed_.Settle(number)) return false;
  deadlines_.OnSettled();
  return true;
}

bool SliceSandbox::DeliverResults(ResultBatch results) {
  if (!owed_.Deliver(results.numbers, outbox_.IsFull())) return false;
  if (!results.numbers.empty()) deadlines_.OnSettled();
  SandboxEvent event{options_.id, SandboxEvent::kResults};
  event.results = std::move(results);
  outbox_.Emit(std::move(event));
  return true;
}

void SliceSandbox::ReportDrained() {
  // It may have looked for Slices to begin and found none.
  if (owed_.empty()) deadlines_.OnSettled();
  if (!owed_.Drain()) return;
  tidy_at_ms_ = MonotonicMs() + kTidyAfterMs;
  outbox_.Emit(SandboxEvent::kDrained);
}

SandboxEvent SliceSandbox::EndEvent() {
  SandboxEvent event = Sandbox::EndEvent();
  {
    std::lock_guard lock(mutex_);
    for (const Command& command : inbox_) {
      if (const auto* batch = std::get_if<SliceBatch>(&command)) owed_.Add(batch->numbers);
    }
    inbox_.clear();
  }
  // The Slice that was running comes first; those before it ran, and their results died with the
  // Sandbox.
  const uint32_t running = SliceOf(control_.slice);
  if (owed_.Remove(running)) {
    MeasureSlice(&event);
    if (event.slice == 0) {
      event.unfinished.push_back(running);
      event.number = 1;
    }
  } else {
    // Whatever the prelude claims, blame needs a Slice that was really here.
    event.slice = 0;
  }
  for (uint32_t number : owed_.numbers()) event.unfinished.push_back(number);
  return event;
}

}  // namespace dcp
