// Public: which parts of one long stretch of memory are in use.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <optional>

namespace dcp {

// Hands out ranges and takes them back; knows nothing of the bytes. A range that comes back is kept
// for the next one of about its length, because fresh pages cost several times the copy that goes
// into them; what has been kept for long, or is too much, the caller gives back to the kernel. Not
// for several threads at a time.
class RangeAllocator {
 public:
  // Ranges begin at multiples of this, so that no two of them have a page in common.
  static constexpr uint64_t kGranuleBytes = 64 << 10;

  struct Range {
    uint64_t offset;
    uint64_t size;
    // It may hold what somebody wrote; else its bytes are zeros without pages behind them.
    bool used_before;
  };

  // `keep_bytes`: so much of what has come back is kept whatever was in use before; more only as
  // far as it makes no more, with what is in use, than was in use at once during this age or the
  // last.
  RangeAllocator(uint64_t size, uint64_t keep_bytes) : keep_bytes_(keep_bytes), fresh_{{0, size}} {}

  // A range of at least so many bytes, from 1; none when there is no room.
  std::optional<Range> Allocate(uint64_t size);
  // False: no range in use begins there.
  bool Free(uint64_t offset);
  // Whether all of it is part of one range in use.
  bool IsInUse(uint64_t offset, uint64_t size) const;

  // The next range to be given back to the kernel and then to Discarded(): the oldest of too many,
  std::optional<Range> TakeExcess();
  // or one that was there already when NextAge() was called the last time but one.
  std::optional<Range> TakeAged();
  void NextAge();
  void Discarded(const Range& range);

  bool keeps_any() const { return !kept_.empty(); }
  uint64_t used_bytes() const { return used_bytes_; }

 private:
  struct Kept {
    uint64_t offset;
    uint64_t size;
    uint64_t age;
  };

  std::optional<Range> TakeKept(uint64_t size);
  Range TakeOldest();

  const uint64_t keep_bytes_;
  uint64_t kept_bytes_ = 0;
  uint64_t used_bytes_ = 0;
  uint64_t age_ = 0;
  // The most that was in use at once during this age and the last.
  uint64_t peak_bytes_ = 0;
  uint64_t last_peak_bytes_ = 0;
  // Each by its offset, with its size.
  std::map<uint64_t, uint64_t> fresh_;
  std::map<uint64_t, uint64_t> used_;
  // Oldest first.
  std::deque<Kept> kept_;
};

}  // namespace dcp
