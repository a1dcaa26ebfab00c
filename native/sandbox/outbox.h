// Internal to native/sandbox: what a Sandbox tells its host, and how much of it the host has not
// done with.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <vector>

#include "sandbox/sandbox_event.h"

namespace dcp {

// Passes events on and keeps account of their bytes. Any thread.
class Outbox {
 public:
  Outbox(uint32_t sandbox, std::shared_ptr<SandboxListener> listener);

  void Emit(SandboxEvent event);
  // Events without anything more to say.
  void Emit(SandboxEvent::Kind kind) { Emit(SandboxEvent{sandbox_, kind}); }

  // The host holds so much of what the Sandbox said that no Slice may begin.
  bool IsFull() const;
  // How long it has been full in all, so far, ms.
  double FullMs() const;
  // Whether a message of so many bytes may be posted. Only a prelude that has lost its budgets says
  // more.
  bool MaySay(size_t bytes) const;
  // The host has done with events of so many bytes; of kMessage, or of kResults. Answers whether it
  // was full until now.
  bool Release(size_t bytes, bool of_message);

 private:
  const uint32_t sandbox_;
  const std::shared_ptr<SandboxListener> listener_;
  // Bytes of events that the host has not done with, and of the messages among them.
  std::atomic<size_t> held_bytes_{0};
  std::atomic<size_t> said_bytes_{0};
  // Since when it is full, and how long it was before. Who looks on meanwhile may see too long a
  // time, never too short a one.
  std::atomic<double> full_since_ms_{0};
  std::atomic<double> full_before_ms_{0};
};

// Slices that were handed to the prelude and have not ended, in order. On the executing thread.
class OwedSlices {
 public:
  void Add(const Column<uint32_t>& numbers);
  bool empty() const { return owed_.empty(); }

  // The Slice has ended. False when it is not the one whose turn it is.
  bool Settle(uint32_t number);
  // These have ended and leave. False when they are not those whose turn it is, or when the prelude
  // goes on to deliver while the host is `full`.
  bool Deliver(const Column<uint32_t>& numbers, bool full);
  // The prelude has none left. Answers whether that is news.
  bool Drain();
  bool drained() const { return drained_; }

  // One of them is left out; answers whether it was among them.
  bool Remove(uint32_t number);
  std::vector<uint32_t> numbers() const { return {owed_.begin(), owed_.end()}; }

 private:
  std::deque<uint32_t> owed_;
  // Deliveries since the host was last not full.
  int deliveries_while_full_ = 0;
  bool drained_ = true;
};

}  // namespace dcp
