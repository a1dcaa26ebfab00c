// Internal to native/sandbox: where segments enter and leave a Sandbox, uncopied.
#pragma once

#include <v8.h>

#include <memory>
#include <unordered_map>

#include "isolate/isolate.h"
#include "sandbox/slice_io.h"

namespace dcp {

// Keeps the memory that a Sandbox was handed for as long as the Sandbox can reach it. It is on the
// Sandbox's account from the first moment; V8's garbage collector hears only of what outlives its
// batch: it would start a cycle whenever 64 MiB had come in since the last, and find nothing where
// data leave again as results. Used on the executing thread, with the isolate entered.
class SegmentGate {
 public:
  explicit SegmentGate(Isolate* isolate);
  // Once the isolate is gone: the account may live on.
  ~SegmentGate();
  SegmentGate(const SegmentGate&) = delete;
  SegmentGate& operator=(const SegmentGate&) = delete;

  // A batch follows: the collector is told of what the batches before it left behind.
  void BeginBatch();

  // Whether so many more bytes stay within the account's limit, garbage not counted.
  bool MakeRoom(size_t bytes);

  // An ArrayBuffer on these very bytes, which stay alive until V8 has freed it.
  v8::Local<v8::ArrayBuffer> Adopt(Bytes bytes);

  // Takes the bytes a view shows out of the Sandbox: its ArrayBuffer is detached, and the memory
  // leaves the account. Memory that cannot be detached (shared, resizable, WebAssembly) is copied,
  // and so is less than half of a buffer.
  Bytes Export(v8::Local<v8::ArrayBufferView> view);

 private:
  struct Segment {
    // V8 shares it as long as an ArrayBuffer refers to it.
    std::shared_ptr<v8::BackingStore> store;
    Bytes bytes;
    bool reported = false;
  };

  // The bytes as they were adopted, if the store is of ours.
  Bytes Take(const v8::BackingStore* store);
  // Gives up what V8 has freed.
  void Sweep();
  void Report(Segment* segment);
  // The segment is no longer the Sandbox's.
  void Settle(const Segment& segment);

  v8::Isolate* const isolate_;
  // Gone with the isolate.
  MemoryAccount* const memory_;
  const std::shared_ptr<BufferAllocator> account_;
  std::unordered_map<const v8::BackingStore*, Segment> segments_;
  size_t unreported_bytes_ = 0;
};

}  // namespace dcp
