// Public to native/: what an isolate takes of the process that no byte counts.
#pragma once

#include <v8.h>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <unordered_map>
#include <vector>

namespace dcp {

// The kernel gives a process so many mappings (vm.max_map_count, 65,530) and 47 bits of addresses,
// and V8 ends the process when its own heap gets none. Measured with V8 11.3: a resizable buffer
// takes two mappings, a WebAssembly memory as many and 10 GB of addresses, a module one mapping.
struct MappedCount {
  uint32_t mappings = 0;
  uint32_t memories = 0;
  // About what is there beside what a module's own bytes say.
  size_t bytes = 0;

  MappedCount& operator+=(const MappedCount& more) {
    mappings += more.mappings;
    memories += more.memories;
    bytes += more.bytes;
    return *this;
  }
  MappedCount& operator-=(const MappedCount& less) {
    mappings -= less.mappings;
    memories -= less.memories;
    bytes -= less.bytes;
    return *this;
  }
};

// What one isolate has of them, as long as it lives. On the thread that runs the isolate, which is
// entered, unless stated otherwise.
class Mappings {
 public:
  explicit Mappings(v8::Isolate* isolate) : isolate_(isolate) {}
  // After Clear(). Any thread.
  ~Mappings();
  Mappings(const Mappings&) = delete;
  Mappings& operator=(const Mappings&) = delete;

  // Whether there is room for more, for this isolate and in the process.
  bool HasRoomFor(const MappedCount& more);
  // It is about to be made: it counts until that is called off.
  void Expect(const MappedCount& more) { Count(more); }
  void CallOff(const MappedCount& expected) { Uncount(expected); }

  // Counts until the memory is freed. False when it does so already.
  bool Hold(const std::shared_ptr<v8::BackingStore>& store, const MappedCount& count);
  // Counts until the object is garbage that has been collected.
  void Hold(v8::Local<v8::Object> object, const MappedCount& count);

  // Counts no more what is gone.
  void Prune();
  // Before the isolate goes: no handle is left.
  void Clear();

  // Any thread.
  size_t bytes() const { return bytes_.load(std::memory_order_relaxed); }

 private:
  struct Store {
    std::weak_ptr<v8::BackingStore> store;
    MappedCount count;
  };
  struct Held {
    // Weak.
    v8::Global<v8::Object> object;
    MappedCount count;
  };

  void Count(const MappedCount& more);
  void Uncount(const MappedCount& less);
  void PruneAtTimes();

  v8::Isolate* const isolate_;
  MappedCount counted_;
  std::atomic<size_t> bytes_{0};
  std::unordered_map<const v8::BackingStore*, Store> stores_;
  std::vector<Held> objects_;
  size_t prune_at_ = 64;
};

}  // namespace dcp
