// Public to native/: one V8 isolate beside Node's own, from creation to disposal.
#pragma once

#include <node.h>

#include <functional>
#include <memory>

#include "isolate/buffer_allocator.h"
#include "isolate/foreground_tasks.h"
#include "isolate/memory_account.h"

namespace dcp {

// What the heap may have beyond its limit until the execution has ended: enough for any one
// allocation (V8's longest string has 1 GiB, as has its longest array). Without it V8 aborts the
// process.
inline constexpr size_t kHeapSlack = size_t{1} << 30;

struct IsolateOptions {
  size_t heap_bytes;
  size_t buffer_bytes;
  // Called on any thread when V8 has a task for the isolate.
  std::function<void()> wake;
  // Called on the thread that runs the isolate, inside the allocation that is about to exceed the
  // heap limit. Must end the execution; up to kHeapSlack more is granted until then, once.
  std::function<void()> near_heap_limit;
};

// Belongs to no thread: whoever uses it enters it through EnteredIsolate. Created and destroyed by
// the same rule, by any thread, outside of every scope of this isolate.
class Isolate {
 public:
  Isolate(node::MultiIsolatePlatform* platform, IsolateOptions options);
  ~Isolate();
  Isolate(const Isolate&) = delete;
  Isolate& operator=(const Isolate&) = delete;

  v8::Isolate* get() const { return isolate_; }
  ForegroundTasks& tasks() { return *tasks_; }
  const std::shared_ptr<BufferAllocator>& buffers() const { return buffers_; }
  MemoryAccount& memory() { return memory_; }
  const MemoryAccount& memory() const { return memory_; }

 private:
  static size_t OnNearHeapLimit(void* self, size_t current, size_t initial);

  node::MultiIsolatePlatform* const platform_;
  const IsolateOptions options_;
  const std::shared_ptr<BufferAllocator> buffers_;
  const std::shared_ptr<ForegroundTasks> tasks_;
  PlatformDelegate delegate_;
  v8::Isolate* isolate_;
  MemoryAccount memory_;
};

// The calling thread runs the isolate for as long as this lives: lock, scopes and stack limit.
class EnteredIsolate {
 public:
  explicit EnteredIsolate(v8::Isolate* isolate);

 private:
  v8::Locker locker_;
  v8::Isolate::Scope isolate_scope_;
  v8::HandleScope handle_scope_;
};

// Whether JavaScript that runs on the calling thread has so many bytes of its stack left.
bool HasStackLeft(size_t bytes);

}  // namespace dcp
