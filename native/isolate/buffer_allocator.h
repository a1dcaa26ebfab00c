// Public to native/: the memory of a Sandbox's ArrayBuffers, counted and bounded.
#pragma once

#include <v8-array-buffer.h>

#include <atomic>
#include <cstddef>
#include <functional>
#include <mutex>
#include <unordered_set>
#include <utility>

namespace dcp {

// One per isolate, and outlives it: buffers that left the Sandbox are freed through it later, by
// any thread. Every method may be called from any thread.
class BufferAllocator final : public v8::ArrayBuffer::Allocator {
 public:
  explicit BufferAllocator(size_t limit_bytes) : limit_(limit_bytes) {}

  // Null beyond the limit: V8 then collects garbage, tries again, and throws a RangeError; but for
  // kNeverRefused bytes or less, which the account only notes. On the thread that runs the isolate.
  void* Allocate(size_t length) override;
  void* AllocateUninitialized(size_t length) override;
  void Free(void* data, size_t length) override;

  // Foreign memory that the Sandbox now holds. Never refused: the limit is checked when it
  // allocates.
  void Adopt(size_t length) { used_.fetch_add(length, std::memory_order_relaxed); }
  // What Adopt() counted is no longer held.
  void Return(size_t length) { Release(length); }
  // `reclaim` may Return() memory before an allocation is refused. On the thread that runs the
  // isolate.
  void OnShortage(std::function<void()> reclaim) { reclaim_ = std::move(reclaim); }

  // What Allocate() gave leaves the Sandbox; from now on it is the receiver's to account for.
  void Export(void* data, size_t length);

  size_t used() const { return used_.load(std::memory_order_relaxed); }
  size_t limit() const { return limit_; }

 private:
  // V8 keeps the bytes of typed arrays this small in its heap until somebody asks for their
  // ArrayBuffer, and ends the process when it then gets no memory.
  static constexpr size_t kNeverRefused = 64;

  bool Reserve(size_t length);
  bool TryReserve(size_t length);
  bool WasExported(void* data);
  void Release(size_t length) { used_.fetch_sub(length, std::memory_order_relaxed); }

  const size_t limit_;
  std::atomic<size_t> used_{0};
  std::atomic<size_t> exported_count_{0};
  std::function<void()> reclaim_;
  std::mutex mutex_;
  std::unordered_set<void*> exported_;
};

}  // namespace dcp
