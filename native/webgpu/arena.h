// Internal to native/webgpu: memory of one call.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <new>
#include <type_traits>

namespace dcp::webgpu {

// Hands out memory that is freed all at once. The first bytes lie in the object itself, and so on
// the stack: a call with small arguments allocates nothing.
class Arena {
 public:
  Arena() = default;
  ~Arena() {
    for (Block* block = blocks_; block != nullptr;) {
      Block* const next = block->next;
      std::free(block);
      block = next;
    }
  }
  Arena(const Arena&) = delete;
  Arena& operator=(const Arena&) = delete;

  // Null when there is no memory.
  void* Allocate(size_t size) {
    size = (size + kAlignment - 1) & ~(kAlignment - 1);
    if (size <= static_cast<size_t>(end_ - at_)) {
      void* const taken = at_;
      at_ += size;
      return taken;
    }
    return AllocateBlock(size);
  }

  // Bytes handed out so far.
  size_t used() const { return before_ + static_cast<size_t>(at_ - from_); }

  template <typename T>
  T* New() {
    static_assert(std::is_trivially_destructible_v<T> && alignof(T) <= kAlignment);
    void* const place = Allocate(sizeof(T));
    return place == nullptr ? nullptr : new (place) T();
  }

 private:
  static constexpr size_t kAlignment = 8;
  static constexpr size_t kInlineBytes = 1024;
  static constexpr size_t kBlockBytes = size_t{16} << 10;

  struct Block {
    Block* next;
  };

  void* AllocateBlock(size_t size) {
    const size_t bytes = std::max(size, kBlockBytes);
    auto* const block = static_cast<Block*>(std::malloc(sizeof(Block) + bytes));
    if (block == nullptr) return nullptr;
    block->next = blocks_;
    blocks_ = block;
    before_ = used();
    from_ = reinterpret_cast<char*>(block + 1);
    at_ = reinterpret_cast<char*>(block + 1) + size;
    end_ = reinterpret_cast<char*>(block + 1) + bytes;
    return block + 1;
  }

  Block* blocks_ = nullptr;
  // Handed out of earlier blocks.
  size_t before_ = 0;
  char* from_ = inline_;
  char* at_ = inline_;
  char* end_ = inline_ + kInlineBytes;
  alignas(kAlignment) char inline_[kInlineBytes];
};

// An array in an arena that grows. Elements are plain data.
template <typename T>
class ArenaVector {
 public:
  explicit ArenaVector(Arena* arena) : arena_(arena) {
    static_assert(std::is_trivially_copyable_v<T>);
  }

  // A new element with T's own initial value; null when there is no memory.
  T* Add() {
    if (size_ == capacity_ && !Grow()) return nullptr;
    return new (data_ + size_++) T();
  }
  size_t size() const { return size_; }
  T* data() const { return data_; }

 private:
  bool Grow() {
    const size_t capacity = capacity_ == 0 ? 4 : capacity_ * 2;
    // NOLINTNEXTLINE(bugprone-sizeof-expression): a T may be a pointer, and its own size is meant.
    auto* const data = static_cast<T*>(arena_->Allocate(capacity * sizeof(T)));
    if (data == nullptr) return false;
    std::copy(data_, data_ + size_, data);
    data_ = data;
    capacity_ = capacity;
    return true;
  }

  Arena* const arena_;
  T* data_ = nullptr;
  size_t size_ = 0;
  size_t capacity_ = 0;
};

}  // namespace dcp::webgpu
