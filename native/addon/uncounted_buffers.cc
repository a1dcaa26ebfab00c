#include "addon/uncounted_buffers.h"

#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <iterator>
#include <memory>
#include <mutex>
#include <unordered_map>
#include <utility>
#include <vector>

#include "addon/columns.h"

namespace dcp {

namespace {

// Of which V8 has not heard, at most.
constexpr size_t kMaxUnreportedBytes = size_t{128} << 20;

struct Buffer {
  // V8 shares it as long as an ArrayBuffer refers to it.
  std::shared_ptr<v8::BackingStore> store;
  Bytes bytes;
  // V8 has been told of it.
  bool reported = false;

  // A count of one is ours, and nobody is left who could make it grow.
  bool IsGarbage() const {
    if (store.use_count() > 1) return false;
    std::atomic_thread_fence(std::memory_order_acquire);
    return true;
  }
};

// Of threads that have ended, what ArrayBuffers of others show still: whoever sweeps looks at it.
class Orphans {
 public:
  static Orphans& All() {
    // Leaked on purpose: threads may still end while the process does.
    static auto* all = new Orphans;
    return *all;
  }

  void Add(Buffer buffer) {
    std::lock_guard lock(mutex_);
    buffers_.push_back(std::move(buffer));
  }

  // Gives up what is garbage. Whether there is any left.
  bool Free() {
    // Given up behind the lock: owners of bytes may do anything.
    std::vector<Buffer> garbage;
    std::lock_guard lock(mutex_);
    const auto first = std::partition(buffers_.begin(), buffers_.end(),
                                      [](const Buffer& each) { return !each.IsGarbage(); });
    std::move(first, buffers_.end(), std::back_inserter(garbage));
    buffers_.erase(first, buffers_.end());
    return !buffers_.empty();
  }

 private:
  std::mutex mutex_;
  std::vector<Buffer> buffers_;
};

class UncountedBuffers {
 public:
  UncountedBuffers() = default;
  UncountedBuffers(const UncountedBuffers&) = delete;
  UncountedBuffers& operator=(const UncountedBuffers&) = delete;

  // The thread ends, and its isolate has. With the main thread the process ends, and what its bytes
  // belong to, Node's allocator among them, is gone already: they are left alone.
  ~UncountedBuffers() {
    const bool is_main = gettid() == getpid();
    for (auto& [store, buffer] : buffers_) {
      if (is_main || !buffer.IsGarbage()) Orphans::All().Add(std::move(buffer));
    }
  }

  v8::Local<v8::ArrayBuffer> Adopt(v8::Isolate* isolate, Bytes bytes) {
    const size_t size = bytes.size;
    if (unreported_bytes_ + size > kMaxUnreportedBytes) Sweep(isolate);
    // V8 does not count a store that it would not free.
    std::shared_ptr<v8::BackingStore> store =
        v8::ArrayBuffer::NewBackingStore(bytes.data, size, v8::BackingStore::EmptyDeleter, nullptr);
    buffers_[store.get()] = {store, std::move(bytes), false};
    unreported_bytes_ += size;
    return v8::ArrayBuffer::New(isolate, std::move(store));
  }

  Bytes Take(v8::Isolate* isolate, const v8::BackingStore* store, long held) {
    const auto found = buffers_.find(store);
    if (found == buffers_.end() || found->second.store.use_count() > held + 1) return {};
    Bytes bytes = std::move(found->second.bytes);
    Settle(isolate, bytes.size, found->second.reported);
    buffers_.erase(found);
    return bytes;
  }

  bool Sweep(v8::Isolate* isolate) {
    Free(isolate);
    Report(isolate);
    const bool has_orphans = Orphans::All().Free();
    return has_orphans || !buffers_.empty();
  }

  // Gives up what V8 has freed.
  void Free(v8::Isolate* isolate) {
    for (auto at = buffers_.begin(); at != buffers_.end();) {
      if (!at->second.IsGarbage()) {
        ++at;
        continue;
      }
      Settle(isolate, at->second.bytes.size, at->second.reported);
      at = buffers_.erase(at);
    }
  }

 private:
  void Report(v8::Isolate* isolate) {
    if (unreported_bytes_ == 0) return;
    for (auto& [store, buffer] : buffers_) buffer.reported = true;
    const auto bytes = static_cast<int64_t>(std::exchange(unreported_bytes_, 0));
    isolate->AdjustAmountOfExternalAllocatedMemory(bytes);
  }

  void Settle(v8::Isolate* isolate, size_t size, bool reported) {
    if (reported) {
      isolate->AdjustAmountOfExternalAllocatedMemory(-static_cast<int64_t>(size));
    } else {
      unreported_bytes_ -= size;
    }
  }

  std::unordered_map<const v8::BackingStore*, Buffer> buffers_;
  size_t unreported_bytes_ = 0;
};

UncountedBuffers& Here() {
  thread_local UncountedBuffers buffers;
  return buffers;
}

Napi::Value AllocateBuffer(const Napi::CallbackInfo& info) {
  const auto size = static_cast<size_t>(info[0].As<Napi::Number>().Int64Value());
  Bytes bytes = Bytes::Allocate(size);
  if (bytes.data == nullptr) {
    Napi::RangeError::New(info.Env(), "no memory for a buffer").ThrowAsJavaScriptException();
    return info.Env().Undefined();
  }
  return PassingViewOf(info.Env(), std::move(bytes));
}

Napi::Value PassOn(const Napi::CallbackInfo& info) {
  Napi::Array views = Napi::Array::New(info.Env(), 1);
  views.Set(0U, info[0]);
  std::vector<Bytes> taken = TakeSegments(views);
  return PassingViewOf(info.Env(), std::move(taken.front()));
}

Napi::Value SweepBuffers(const Napi::CallbackInfo& info) {
  return Napi::Boolean::New(info.Env(), Here().Sweep(v8::Isolate::GetCurrent()));
}

}  // namespace

v8::Local<v8::ArrayBuffer> AdoptUncounted(v8::Isolate* isolate, Bytes bytes) {
  return Here().Adopt(isolate, std::move(bytes));
}

Bytes TakeUncounted(const Bytes& held) {
  // As an owner of its memory, and as a store.
  constexpr long kReferences = 2;
  return Here().Take(v8::Isolate::GetCurrent(), held.store.get(), kReferences);
}

void DefineUncountedBuffers(Napi::Env env, Napi::Object exports) {
  env.AddCleanupHook([] { Here().Free(v8::Isolate::GetCurrent()); });
  exports["allocateBuffer"] = Napi::Function::New<AllocateBuffer>(env, "allocateBuffer");
  exports["passOn"] = Napi::Function::New<PassOn>(env, "passOn");
  exports["sweepBuffers"] = Napi::Function::New<SweepBuffers>(env, "sweepBuffers");
}

}  // namespace dcp
