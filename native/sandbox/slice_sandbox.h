// Public to native/: a Sandbox that runs the Slices of a Job.
#pragma once

#include <v8.h>

#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <utility>

#include "isolate/clock.h"
#include "sandbox/assignment.h"
#include "sandbox/outbox.h"
#include "sandbox/sandbox.h"
#include "sandbox/slice_isolate.h"

namespace dcp {

class SliceSandbox final : public Sandbox {
 public:
  // For Create().
  SliceSandbox(SandboxOptions options, std::weak_ptr<RunQueue> queue,
               std::shared_ptr<SandboxListener> listener);

  // From the host, any thread.
  void Assign(Assignment assignment);
  void Run(SliceBatch batch);
  void Reply(Answer answer);
  // The host has done with events of so many bytes; of kMessage, or of kResults. Any thread.
  void Release(size_t bytes, bool of_message);

  // For the functions given to the prelude, on the executing thread.
  static SliceSandbox* Of(v8::Isolate* isolate) {
    return static_cast<SliceSandbox*>(&SandboxIsolate::SandboxOf(isolate));
  }
  SliceIsolate& isolate() { return static_cast<SliceIsolate&>(*isolate_); }
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

 private:
  std::unique_ptr<SandboxIsolate> MakeIsolate(const SandboxIsolate::Owner& owner,
                                              std::function<void()> wake) override;
  bool RunCommands() override;
  bool Turn() override;
  double NextOwnMs() override;
  SandboxEvent EndEvent() override;
  void Post(Command command);

  // Guarded by the lock.
  std::deque<Command> inbox_;
  // Garbage goes once the Sandbox has had nothing to do for a while.
  bool Tidy();

  // Of the executing thread.
  OwedSlices owed_;
  // When to collect it, infinity: there is none to speak of.
  double tidy_at_ms_ = kNever;
};

}  // namespace dcp
