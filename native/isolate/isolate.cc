#include "isolate/isolate.h"

#include <pthread.h>

#include <algorithm>
#include <cstdint>

#include "v8/isolate_lifecycle.h"

namespace dcp {

namespace {

// Native code called by JavaScript at the limit still needs room: V8's own, ours, and a GPU
// driver's later.
constexpr uintptr_t kNativeStackReserve = 192 * 1024;
// Deep recursion should fail in a Work Function at the same depth on every thread.
constexpr uintptr_t kJavaScriptStack = 984 * 1024;

// What the isolate was told that the thread has entered last.
thread_local uintptr_t stack_limit = 0;

// The lowest address JavaScript may reach on the stack of the calling thread.
uintptr_t StackLimit() {
  thread_local uintptr_t lowest = [] {
    pthread_attr_t attributes;
    void* base = nullptr;
    size_t size = 0;
    if (pthread_getattr_np(pthread_self(), &attributes) == 0) {
      pthread_attr_getstack(&attributes, &base, &size);
      pthread_attr_destroy(&attributes);
    }
    return reinterpret_cast<uintptr_t>(base) + kNativeStackReserve;
  }();
  const auto here = reinterpret_cast<uintptr_t>(__builtin_frame_address(0));
  return std::max(lowest, here - kJavaScriptStack);
}

}  // namespace

Isolate::Isolate(node::MultiIsolatePlatform* platform, IsolateOptions options)
    : platform_(platform),
      options_(std::move(options)),
      buffers_(std::make_shared<BufferAllocator>(options_.buffer_bytes)),
      tasks_(std::make_shared<ForegroundTasks>(options_.wake)),
      delegate_(tasks_),
      isolate_(v8::Isolate::Allocate()),
      memory_(isolate_, options_.buffer_bytes) {
  // V8 asks the platform for a task runner while it initializes the isolate.
  platform_->RegisterIsolate(isolate_, &delegate_);
  v8::Isolate::CreateParams params;
  params.array_buffer_allocator_shared = buffers_;
  params.constraints.ConfigureDefaultsFromHeapSize(0, options_.heap_bytes);
  // A Sandbox that blocks its thread would starve others that share it.
  params.allow_atomics_wait = false;
  v8::Isolate::Initialize(isolate_, params);
  isolate_->AddNearHeapLimitCallback(OnNearHeapLimit, this);
  isolate_->SetMicrotasksPolicy(v8::MicrotasksPolicy::kExplicit);
}

Isolate::~Isolate() {
  tasks_->Close();
  DisposeAndUnregister(isolate_, platform_);
}

size_t Isolate::OnNearHeapLimit(void* self, size_t current, size_t initial) {
  static_cast<Isolate*>(self)->options_.near_heap_limit();
  return std::max(current, initial + kHeapSlack);
}

EnteredIsolate::EnteredIsolate(v8::Isolate* isolate)
    : locker_(isolate), isolate_scope_(isolate), handle_scope_(isolate) {
  stack_limit = StackLimit();
  isolate->SetStackLimit(stack_limit);
}

bool HasStackLeft(size_t bytes) {
  return reinterpret_cast<uintptr_t>(__builtin_frame_address(0)) >= stack_limit + bytes;
}

}  // namespace dcp
