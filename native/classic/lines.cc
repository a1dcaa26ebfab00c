#include "classic/lines.h"

#include <chrono>
#include <utility>

namespace dcp {

namespace {

// More than that of whole lines waits at the peer's, not here.
constexpr size_t kFullInputBytes = size_t{16} << 20;
// Lines up to this are put together: each piece costs the host an object and a place in a list.
constexpr size_t kShortLineBytes = size_t{16} << 10;
constexpr auto kMoment = std::chrono::milliseconds(20);

std::string_view ViewOf(const Bytes& bytes) {
  return {reinterpret_cast<const char*>(bytes.data), bytes.size};
}

}  // namespace

// ---- Input
// -------------------------------------------------------------------------------------------------------

bool LineInput::Put(Bytes chunk) {
  std::lock_guard lock(mutex_);
  put_bytes_ += chunk.size;
  put_.push_back(std::move(chunk));
  if (put_bytes_ >= kFullInputBytes) full_ = true;
  return full_;
}

void LineInput::End() {
  std::lock_guard lock(mutex_);
  ended_ = true;
}

bool LineInput::Fetch() {
  std::lock_guard lock(mutex_);
  if (put_.empty()) return false;
  for (Bytes& chunk : put_) {
    if (chunk.size > 0) chunks_.push_back(std::move(chunk));
  }
  put_.clear();
  put_bytes_ = 0;
  if (full_) {
    full_ = false;
    room_ = true;
  }
  return true;
}

bool LineInput::TakeRoom() {
  std::lock_guard lock(mutex_);
  return std::exchange(room_, false);
}

bool LineInput::HasEnded() {
  std::lock_guard lock(mutex_);
  return ended_;
}

bool LineInput::IsAtEnd() {
  std::lock_guard lock(mutex_);
  return ended_ && put_.empty();
}

const Line* LineInput::Next() {
  if (!line_.parts.empty()) {
    chunks_.erase(chunks_.begin(),
                  chunks_.begin() + static_cast<std::ptrdiff_t>(line_.parts.size() - 1));
    at_ = past_;
    looked_ = 0;
    incomplete_ = 0;
    line_.parts.clear();
  }
  for (;;) {
    for (; looked_ < chunks_.size(); looked_++) {
      const std::string_view chunk = ViewOf(chunks_[looked_]);
      const size_t from = looked_ == 0 ? at_ : 0;
      const size_t end = chunk.find('\n', from);
      if (end == std::string_view::npos) {
        incomplete_ += chunk.size() - from;
        continue;
      }
      past_ = end + 1;
      for (size_t index = 0; index <= looked_; index++) {
        const std::string_view all = ViewOf(chunks_[index]);
        const size_t start = index == 0 ? at_ : 0;
        line_.parts.push_back(all.substr(start, (index == looked_ ? past_ : all.size()) - start));
      }
      line_.bytes = incomplete_ + past_ - from;
      return &line_;
    }
    // A chunk that is used up goes.
    if (looked_ == 1 && incomplete_ == 0) {
      chunks_.pop_front();
      looked_ = 0;
      at_ = 0;
    }
    if (!Fetch()) return nullptr;
  }
}

// ---- Output
// ------------------------------------------------------------------------------------------------------

bool LineOutput::Tell() { return !std::exchange(told_, true); }

bool LineOutput::Add(Bytes lines) {
  std::lock_guard lock(mutex_);
  held_ += lines.size;
  if (lines.size <= kShortLineBytes) {
    tail_.append(ViewOf(lines));
  } else {
    if (!tail_.empty()) {
      whole_.push_back(Bytes::Copy(tail_.data(), tail_.size()));
      tail_.clear();
    }
    whole_.push_back(std::move(lines));
  }
  return Tell();
}

std::vector<Bytes> LineOutput::Take() {
  std::lock_guard lock(mutex_);
  told_ = false;
  std::vector<Bytes> taken = std::move(whole_);
  whole_.clear();
  if (!tail_.empty()) taken.push_back(Bytes::Copy(tail_.data(), tail_.size()));
  tail_.clear();
  return taken;
}

bool LineOutput::Release(size_t bytes) {
  sent_ += bytes;
  const size_t before = held_.fetch_sub(bytes);
  released_.notify_all();
  return before >= kFullBytes && before - bytes < kFullBytes;
}

void LineOutput::Wait() {
  std::unique_lock lock(mutex_);
  released_.wait_for(lock, kMoment, [this] { return !IsFlooded(); });
}

}  // namespace dcp
