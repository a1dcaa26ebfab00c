// Internal to native/webgpu: what was asked of Dawn and has no answer yet.
#pragma once

#include <v8.h>

#include <cstdint>
#include <list>
#include <string>
#include <vector>

#include "webgpu/webgpu_abi.h"

namespace dcp::webgpu {

class Runtime;
struct Pending;

using PendingList = std::list<Pending>;

// Dawn answers by a callback, which only writes the answer down: it may come in the midst of any
// call of C. Runtime::Poll() settles the promise.
struct Pending {
  enum class Kind : uint8_t {
    kAdapter,
    kDevice,
    kMap,
    kWorkDone,
    kErrorScope,
    kComputePipeline,
    kRenderPipeline,
    kCompilationInfo,
    kLost,
    // An error that no scope took: nothing was asked.
    kUncaptured,
  };

  struct Message {
    std::string text;
    WGPUCompilationMessageType type;
    uint64_t line;
    uint64_t column;
    uint64_t offset;
    uint64_t length;
  };

  Pending(Runtime* asked_of, Kind asked);
  ~Pending();
  Pending(const Pending&) = delete;
  Pending& operator=(const Pending&) = delete;

  // The answer is there: its texts go with it on GpuCounters::host_bytes.
  void Hold();
  // The labels below do, too, from when they are given until they are taken.
  void SetLabel(std::string& of, WGPUStringView given);
  std::string TakeLabel(std::string& of);

  Runtime* const runtime;
  const Kind kind;
  // Empty when nobody waits for it any more; of kLost, weak.
  v8::Global<v8::Promise::Resolver> resolver;
  // The object asked, which lives until it has answered; of kLost, weak.
  v8::Global<v8::Object> owner;
  WGPUFuture future{};
  // For the object that is to be made.
  std::string label;
  // Of kDevice: what will tell of its loss, and the label of its queue. The first lives until
  // kDevice has been settled, however early the device was lost: until then it is kept.
  Pending* lost = nullptr;
  std::string queue_label;
  // Of kLost: kDevice has not been settled so far; the device has been lost.
  bool is_kept = false;
  bool is_answered = false;
  // Of kAdapter: the attempts made so far.
  int attempt = 0;
  WGPURequestAdapterOptions adapter_options{};

  // Its place among those without an answer.
  PendingList::iterator place;

  // The answer.
  uint32_t status = 0;
  std::string text;
  // A reference of ours.
  void* handle = nullptr;
  uint32_t type = 0;
  // Of kMap: the mode is `type`.
  uint64_t begin = 0;
  uint64_t size = 0;
  std::vector<Message> messages;

 private:
  void Count(size_t bytes);

  size_t host_bytes_ = 0;
};

}  // namespace dcp::webgpu
