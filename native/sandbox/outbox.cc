#include "sandbox/outbox.h"

#include <algorithm>
#include <utility>

#include "isolate/clock.h"

namespace dcp {

namespace {

// What a Sandbox said and its host has not done with, in bytes: no Slice begins beyond. Enough that
// a host which keeps up is never waited for.
constexpr size_t kMaxHeldBytes = size_t{16} << 20;
// What an event costs beside its payload.
constexpr size_t kEventBytes = 256;
// Messages a host has not done with, in bytes. A prelude that keeps to its budgets stays far below,
// even when Slices that talk follow one another for a whole turn.
constexpr size_t kMaxSaidBytes = size_t{256} << 20;
// A prelude that does as it should delivers the results before a Slice that waits, and then that
// Slice's, before it is asked to stop.
constexpr int kMaxDeliveriesWhileFull = 4;

size_t BytesOf(const Bytes& head, const std::vector<Bytes>& segments) {
  size_t bytes = head.size;
  for (const Bytes& segment : segments) bytes += segment.size;
  return bytes;
}

}  // namespace

Outbox::Outbox(uint32_t sandbox, std::shared_ptr<SandboxListener> listener)
    : sandbox_(sandbox), listener_(std::move(listener)) {}

void Outbox::Emit(SandboxEvent event) {
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
  const size_t before = held_bytes_.fetch_add(event.bytes);
  if (before < kMaxHeldBytes && before + event.bytes >= kMaxHeldBytes) {
    full_since_ms_ = MonotonicMs();
  }
  listener_->OnEvent(std::move(event));
}

bool Outbox::IsFull() const { return held_bytes_.load() >= kMaxHeldBytes; }

double Outbox::FullMs() const {
  const double before_ms = full_before_ms_;
  return IsFull() ? before_ms + MonotonicMs() - full_since_ms_ : before_ms;
}

bool Outbox::MaySay(size_t bytes) const {
  return bytes < kMaxSaidBytes && said_bytes_.load() + bytes < kMaxSaidBytes;
}

bool Outbox::Release(size_t bytes, bool of_message) {
  if (of_message) said_bytes_.fetch_sub(bytes);
  const size_t held = held_bytes_.load();
  if (held >= kMaxHeldBytes && held - bytes < kMaxHeldBytes) {
    const double now_ms = MonotonicMs();
    full_before_ms_ = full_before_ms_ + now_ms - full_since_ms_;
    full_since_ms_ = now_ms;
  }
  const size_t before = held_bytes_.fetch_sub(bytes);
  return before >= kMaxHeldBytes && before - bytes < kMaxHeldBytes;
}

void OwedSlices::Add(const Column<uint32_t>& numbers) {
  owed_.insert(owed_.end(), numbers.begin(), numbers.end());
  if (!numbers.empty()) drained_ = false;
}

bool OwedSlices::Settle(uint32_t number) {
  // One Slice runs at a time, so they end in the order in which they came.
  if (owed_.empty() || owed_.front() != number) return false;
  owed_.pop_front();
  return true;
}

bool OwedSlices::Deliver(const Column<uint32_t>& numbers, bool full) {
  if (numbers.size() > owed_.size() || !std::equal(numbers.begin(), numbers.end(), owed_.begin())) {
    return false;
  }
  deliveries_while_full_ = full ? deliveries_while_full_ + 1 : 0;
  if (deliveries_while_full_ > kMaxDeliveriesWhileFull) return false;
  owed_.erase(owed_.begin(), owed_.begin() + static_cast<std::ptrdiff_t>(numbers.size()));
  return true;
}

bool OwedSlices::Drain() {
  if (drained_ || !owed_.empty()) return false;
  drained_ = true;
  return true;
}

bool OwedSlices::Remove(uint32_t number) {
  const auto at = std::find(owed_.begin(), owed_.end(), number);
  if (at == owed_.end()) return false;
  owed_.erase(at);
  return true;
}

}  // namespace dcp
