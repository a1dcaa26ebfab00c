// Public to native/: the clock for what happens many times a millisecond.
#pragma once

#include <cstdint>

namespace dcp {

// MonotonicMs() in half of its time: counts ticks of the processor since it last looked at that
// clock, which is a millisecond ago at most. So whatever takes longer is measured by the kernel's
// clock alone, and nothing is wrong by more than a millisecond: usually 0.1 µs, by which two
// readings may also seem to go back. Where ticks are of no use it always looks. One thread at a
// time.
class FineClock {
 public:
  double NowMs() {
    const uint64_t ticks = Ticks();
    const uint64_t passed = ticks - looked_at_ticks_;
    if (passed >= most_ticks_) return Look();
    return looked_ms_ + static_cast<double>(static_cast<int64_t>(passed)) * ms_per_tick_;
  }

 private:
  // Constant where the processor has none.
  static uint64_t Ticks() {
#ifdef __x86_64__
    return __builtin_ia32_rdtsc();
#else
    return 0;
#endif
  }
  double Look();

  uint64_t looked_at_ticks_ = 0;
  double looked_ms_ = 0;
  // How long to go on without a look; 0 as long as nobody knows how long a tick is.
  uint64_t most_ticks_ = 0;
  double ms_per_tick_ = 0;
  // From where on it is measured how long a tick is.
  uint64_t since_ticks_ = 0;
  double since_ms_ = 0;
};

}  // namespace dcp
