#include "system/range_allocator.h"

#include <algorithm>
#include <iterator>

namespace dcp {

std::optional<RangeAllocator::Range> RangeAllocator::Allocate(uint64_t size) {
  if (size == 0 || size > UINT64_MAX - kGranuleBytes) return std::nullopt;
  size = (size + kGranuleBytes - 1) / kGranuleBytes * kGranuleBytes;
  std::optional<Range> range = TakeKept(size);
  if (!range) {
    // The lowest that fits: what is in use stays together.
    const auto fit = std::find_if(fresh_.begin(), fresh_.end(),
                                  [&](const auto& at) { return at.second >= size; });
    if (fit == fresh_.end()) return std::nullopt;
    const auto [offset, free] = *fit;
    fresh_.erase(fit);
    if (free > size) fresh_[offset + size] = free - size;
    range = Range{offset, size, false};
  }
  used_[range->offset] = range->size;
  used_bytes_ += range->size;
  peak_bytes_ = std::max(peak_bytes_, used_bytes_);
  return range;
}

std::optional<RangeAllocator::Range> RangeAllocator::TakeKept(uint64_t size) {
  // The latest: its pages are the likeliest to be in the processor's caches. A little longer will
  // do, so that lengths that vary find something, too.
  const auto fit = std::find_if(kept_.rbegin(), kept_.rend(), [&](const Kept& kept) {
    return kept.size >= size && kept.size - size <= size / 4;
  });
  if (fit == kept_.rend()) return std::nullopt;
  const Range range{fit->offset, fit->size, true};
  kept_bytes_ -= range.size;
  kept_.erase(std::next(fit).base());
  return range;
}

bool RangeAllocator::Free(uint64_t offset) {
  const auto found = used_.find(offset);
  if (found == used_.end()) return false;
  kept_.push_back({offset, found->second, age_});
  kept_bytes_ += found->second;
  used_bytes_ -= found->second;
  used_.erase(found);
  return true;
}

bool RangeAllocator::IsInUse(uint64_t offset, uint64_t size) const {
  auto after = used_.upper_bound(offset);
  if (after == used_.begin()) return false;
  const auto& [start, length] = *--after;
  const uint64_t within = offset - start;
  return within <= length && size <= length - within;
}

std::optional<RangeAllocator::Range> RangeAllocator::TakeExcess() {
  const uint64_t peak = std::max(peak_bytes_, last_peak_bytes_);
  if (kept_bytes_ <= std::max(keep_bytes_, peak - used_bytes_)) return std::nullopt;
  return TakeOldest();
}

void RangeAllocator::NextAge() {
  age_++;
  last_peak_bytes_ = peak_bytes_;
  peak_bytes_ = used_bytes_;
}

std::optional<RangeAllocator::Range> RangeAllocator::TakeAged() {
  if (kept_.empty() || kept_.front().age + 1 >= age_) return std::nullopt;
  return TakeOldest();
}

RangeAllocator::Range RangeAllocator::TakeOldest() {
  const Kept oldest = kept_.front();
  kept_.pop_front();
  kept_bytes_ -= oldest.size;
  return {oldest.offset, oldest.size, true};
}

void RangeAllocator::Discarded(const Range& range) {
  auto [offset, size, used_before] = range;
  const auto after = fresh_.lower_bound(offset);
  if (after != fresh_.begin()) {
    const auto before = std::prev(after);
    if (before->first + before->second == offset) {
      offset = before->first;
      size += before->second;
      fresh_.erase(before);
    }
  }
  if (after != fresh_.end() && after->first == range.offset + range.size) {
    size += after->second;
    fresh_.erase(after);
  }
  fresh_[offset] = size;
}

}  // namespace dcp
