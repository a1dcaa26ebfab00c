// Internal to native/sandbox: when code of a Sandbox must have ended, and what it is blamed for if
// it has not.
#pragma once

#include <atomic>

#include "isolate/clock.h"
#include "isolate/cpu_meter.h"
#include "sandbox/assignment.h"
#include "sandbox/control.h"
#include "sandbox/ending.h"
#include "sandbox/outbox.h"
#include "sandbox/sandbox_gpu.h"

namespace dcp {

// The limits of the Job against four clocks: wall time and progress of the Slice that runs, CPU
// time, time of the GPU. Between Slices code has limits, too: promise jobs and the Work Function's
// own loading belong to none, and must end all the same. What comes back again and again once a
// Slice has ended has its CPU time counted.
//
// Two threads look at it. The watchdog asks HavePassed() under the Sandbox's lock, from time to
// time. What it saw may be over by the time the executing thread looks up, so that one asks
// ArePassed() and decides. `gpu` is null when the Job gets none.
class Deadlines {
 public:
  // All of them outlive it. Those two of the Sandbox's are read, `control` is written in Resume().
  Deadlines(Control* control, CpuMeter* cpu, const Outbox* outbox)
      : control_(control), cpu_(cpu), outbox_(outbox) {}

  // Under the Sandbox's lock, before anything of the Job runs.
  void SetLimits(const SliceLimits& limits) { limits_ = limits; }
  // The Work Function is there: what runs between Slices is not its loading any more.
  void SetLoaded() { loaded_ = true; }

  // JavaScript runs for as long as this lives.
  class Running {
   public:
    explicit Running(Deadlines* deadlines)
        : called_ms_(&deadlines->called_ms_), since_ms_(MonotonicMs()) {
      called_ms_->store(since_ms_, std::memory_order_relaxed);
    }
    ~Running() { called_ms_->store(0, std::memory_order_relaxed); }
    Running(const Running&) = delete;
    Running& operator=(const Running&) = delete;

    double since_ms() const { return since_ms_; }

   private:
    std::atomic<double>* const called_ms_;
    const double since_ms_;
  };
  bool IsRunning() const { return called_ms_.load(std::memory_order_relaxed) != 0; }

  // Slices are begun, while this lives or later; some have ended. On the executing thread.
  void OnBegin();
  void OnSettled();

  // A debugger holds JavaScript still, or lets it go on: time stands still for it. On the executing
  // thread.
  void Pause() { paused_ms_ = MonotonicMs(); }
  void Resume();
  bool is_paused() const { return paused_ms_.load(std::memory_order_relaxed) != 0; }

  // For the watchdog's thread. When the next deadline is that has a time of its own; whether any
  // has passed; whether code that should have ended, asked since then, is not going to.
  double Next() const { return Next(nullptr); }
  bool HavePassed(double now_ms, const SandboxGpu* gpu);
  bool IsLost(double now_ms);
  // It has been so once.
  bool was_lost() const { return lost_; }

  // On the executing thread: the watchdog saw a deadline pass, and it is still so.
  bool ArePassed();
  // What the deadline that has passed makes of the Sandbox.
  End Verdict(const SandboxGpu* gpu) const;

 private:
  // What the watchdog saw running last, by a number that is not 0, what a clock had then, and which
  // has used up its time on it, 0 for none. A Slice's number is its start.
  struct Meter {
    double seen = 0;
    double at_first_sight_ms = 0;
    std::atomic<double> used_up_by{0};

    // The clock shows so much while that one runs.
    bool IsUsedUp(double running, double clock_ms, double limit_ms);
    // What was found of it by the watchdog is true of that one.
    bool WasUsedUpBy(double running) const { return running != 0 && used_up_by == running; }
  };

  // The deadline that comes first, and the error that says so.
  double Next(const char** code) const;
  // How long code may run that belongs to no Slice.
  double LimitOutsideOfSlices() const;
  // When some Slice must have ended, whatever the prelude says.
  double LatestEnd() const;
  bool UsesUp(double now_ms, const SandboxGpu* gpu);

  Control* const control_;
  CpuMeter* const cpu_;
  const Outbox* const outbox_;
  SliceLimits limits_{0, 0, 0, 0};
  std::atomic<bool> loaded_{false};
  // When the JavaScript that runs was called, 0 for none.
  std::atomic<double> called_ms_{0};
  // When Slices were last begun of which none has ended since, 0 for none; how long the host had
  // taken nothing by then.
  std::atomic<double> unsettled_since_ms_{0};
  std::atomic<double> full_before_ms_{0};
  // How often Slices have ended: what runs between Slices goes by it.
  std::atomic<double> settled_{1};
  // Since when a debugger holds it still, 0 when none does.
  std::atomic<double> paused_ms_{0};
  std::atomic<bool> passed_{false};
  Meter used_cpu_;
  Meter used_gpu_;
  Meter used_between_;
  // For the watchdog's thread: since when the Sandbox should have stopped (0: it need not), and
  // whether it has been given up.
  double late_since_ms_ = 0;
  bool lost_ = false;
};

}  // namespace dcp
