#include "sandbox/deadlines.h"

#include <algorithm>
#include <string>
#include <string_view>

namespace dcp {

namespace {

// Some builtins notice an interrupt late or never. After so long the thread is given up.
constexpr double kLostAfterMs = 2000;
// How much longer than its limit a Slice may go on by native code's own clock: what a turn does
// beside it.
constexpr double kOverrunMs = 1000;
// Code between Slices is mostly ours, and pays for what a busy machine does to it: compiling, the
// first words with a Job. Limits meant for Slices of a millisecond do not fit it.
constexpr double kLeastOutsideOfSlicesMs = 1000;

std::string Seconds(double ms) {
  std::string text = std::to_string(ms / 1e3);
  text.erase(text.find_last_not_of('0') + 1);
  if (text.back() == '.') text.pop_back();
  return text + " s";
}

}  // namespace

void Deadlines::OnBegin() {
  if (unsettled_since_ms_ != 0) return;
  full_before_ms_ = outbox_->FullMs();
  unsettled_since_ms_ = called_ms_.load();
}

void Deadlines::OnSettled() {
  settled_ = settled_ + 1;
  unsettled_since_ms_ = 0;
}

void Deadlines::Resume() {
  const double held_ms = MonotonicMs() - paused_ms_;
  control_->slice_started_ms += held_ms;
  control_->progress_ms += held_ms;
  if (called_ms_ != 0) called_ms_ = called_ms_ + held_ms;
  if (unsettled_since_ms_ != 0) unsettled_since_ms_ = unsettled_since_ms_ + held_ms;
  paused_ms_ = 0;
}

double Deadlines::Next(const char** code) const {
  if (is_paused()) return kNever;
  if (ReadWord(control_->slice) == 0) {
    if (code != nullptr) *code = "EEVALUATOR";
    const double called_ms = called_ms_.load(std::memory_order_relaxed);
    const double back = called_ms == 0 ? kNever : called_ms + LimitOutsideOfSlices();
    // A Slice that has ended may wait for a thread to deliver it, however long that takes. One that
    // is waited for has a number, and a prelude that does not say it lies.
    return ReadWord(control_->state) == Control::kWaiting ? std::min(back, LatestEnd()) : back;
  }
  const double slice_end = ReadWord(control_->slice_started_ms) + limits_.slice_ms;
  const double progress_end = ReadWord(control_->progress_ms) + limits_.progress_ms;
  if (code != nullptr) *code = progress_end < slice_end ? "ENOPROGRESS" : "ESLICETOOSLOW";
  const double end = std::min(slice_end, progress_end);
  // The prelude's words may lie, even be no numbers. That some Slice should have ended we know
  // ourselves.
  const double latest = LatestEnd();
  return end < latest ? end : latest;
}

double Deadlines::LimitOutsideOfSlices() const {
  return std::max(std::min(limits_.slice_ms, limits_.progress_ms), kLeastOutsideOfSlicesMs);
}

double Deadlines::LatestEnd() const {
  const double since_ms = unsettled_since_ms_.load(std::memory_order_relaxed);
  // While the host takes nothing more, what has ended cannot be delivered.
  if (since_ms == 0 || outbox_->IsFull()) return kNever;
  return since_ms + limits_.slice_ms + kOverrunMs + outbox_->FullMs() - full_before_ms_;
}

bool Deadlines::HavePassed(double now_ms, const SandboxGpu* gpu) {
  if (now_ms < Next() && !UsesUp(now_ms, gpu)) {
    late_since_ms_ = 0;
    return false;
  }
  passed_ = true;
  return true;
}

bool Deadlines::UsesUp(double now_ms, const SandboxGpu* gpu) {
  if (ReadWord(control_->slice) == 0) {
    return loaded_ &&
           used_between_.IsUsedUp(settled_, cpu_->MsFromOutside(), LimitOutsideOfSlices());
  }
  used_between_.seen = 0;
  const double started_ms = ReadWord(control_->slice_started_ms);
  return used_cpu_.IsUsedUp(started_ms, cpu_->MsFromOutside(), limits_.cpu_ms) ||
         (gpu != nullptr && used_gpu_.IsUsedUp(started_ms, gpu->BusyMs(now_ms), limits_.gpu_ms));
}

bool Deadlines::Meter::IsUsedUp(double running, double clock_ms, double limit_ms) {
  if (running != seen) {
    seen = running;
    at_first_sight_ms = clock_ms;
  }
  if (clock_ms - at_first_sight_ms < limit_ms) return false;
  used_up_by = running;
  return true;
}

bool Deadlines::IsLost(double now_ms) {
  if (late_since_ms_ == 0) late_since_ms_ = now_ms;
  if (!IsRunning() || lost_ || now_ms - late_since_ms_ < kLostAfterMs) return false;
  lost_ = true;
  return true;
}

bool Deadlines::ArePassed() {
  if (!passed_.exchange(false)) return false;
  if (MonotonicMs() >= Next()) return true;
  if (ReadWord(control_->slice) == 0) return used_between_.WasUsedUpBy(settled_);
  const double started_ms = ReadWord(control_->slice_started_ms);
  return used_cpu_.WasUsedUpBy(started_ms) || used_gpu_.WasUsedUpBy(started_ms);
}

End Deadlines::Verdict(const SandboxGpu* gpu) const {
  const char* code = "EEVALUATOR";
  Next(&code);
  const std::string_view what(code);
  const auto slice = SliceOf(ReadWord(control_->slice));
  const double started_ms = ReadWord(control_->slice_started_ms);
  if (slice != 0 && used_cpu_.WasUsedUpBy(started_ms)) {
    return {"ECPULIMIT", "the Slice used more than " + Seconds(limits_.cpu_ms) + " of CPU time",
            slice};
  }
  if (slice != 0 && used_gpu_.WasUsedUpBy(started_ms)) {
    return {"EGPUTIMEOUT",
            "the GPU worked longer than " + Seconds(limits_.gpu_ms) + " for the Slice", slice};
  }
  // Nothing runs here, so it is the GPU that the Slice waits for.
  if (slice != 0 && !IsRunning() && gpu != nullptr && gpu->IsBusy()) {
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
  if (!loaded_) return {"ENOPROGRESS", "loading the Work Function took longer than " + limit, 0};
  if (used_between_.WasUsedUpBy(settled_)) {
    return {code, "code that belongs to no Slice used more than " + limit + " of CPU time", 0};
  }
  if (!IsRunning()) return {code, "the Sandbox does not say which Slice it runs", 0};
  return {code, "code that belongs to no Slice ran longer than " + limit, 0};
}

}  // namespace dcp
