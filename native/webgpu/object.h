// Internal to native/webgpu: what stands behind a JavaScript object of WebGPU.
#pragma once

#include <v8.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "v8/internal_fields.h"
#include "webgpu/account.h"
#include "webgpu/generated/names.h"
#include "webgpu/gpu.h"
#include "webgpu/webgpu_abi.h"

namespace dcp::webgpu {

class Runtime;
struct Pending;

// Internal fields of JavaScript objects. Values in fields are held as long as the object is, and
// cycles through them are garbage like any other.
namespace field {
inline constexpr int kObject = 0;
// The GPUDevice that made it, or made what made it: it lives as long.
inline constexpr int kDevice = 1;
inline constexpr int kCount = 2;
// Of GPU, GPUAdapter and GPUDevice: attributes that are the same object each time, made when they
// are first read.
inline constexpr int kFeatures = 2;
inline constexpr int kLimits = 3;
inline constexpr int kInfo = 4;
inline constexpr int kQueue = 5;
inline constexpr int kLost = 6;
inline constexpr int kCountWithAttributes = 7;
}  // namespace field

// Dawn repeats labels in the texts of errors, which it keeps on no account: it gets so much of one.
inline WGPUStringView CutLabel(WGPUStringView label) {
  static constexpr size_t kMostBytes = 1024;
  return {label.data, std::min(label.length, kMostBytes)};
}

// What an object is made of, and keeps.
struct Content {
  WGPUStringView label{nullptr, 0};
  // Of all texts and lists.
  size_t bytes = 0;
  Named named;
};

// Owns a reference to an object of C. The JavaScript object refers to it; when that is garbage, so
// is this. On the executing thread.
class Object {
 public:
  Object(Runtime* of, Kind is, void* owned);
  virtual ~Object();
  Object(const Object&) = delete;
  Object& operator=(const Object&) = delete;

  // Behind an object whose interface is known, as V8 has looked at it.
  static Object* Of(v8::Local<v8::Object> wrapper) {
    return static_cast<Object*>(GetFieldPointer(wrapper, field::kObject));
  }
  // Behind any value; null when it is not one of ours. Nobody else keeps pointers in internal
  // fields of objects of this isolate: those that V8 itself gives to buffers are empty.
  static Object* OfAny(v8::Local<v8::Value> value) {
    if (!value->IsObject()) return nullptr;
    const auto object = value.As<v8::Object>();
    return object->InternalFieldCount() < field::kCount ? nullptr : Of(object);
  }

  template <typename Handle>
  Handle handle() const {
    return static_cast<Handle>(handle_);
  }
  void* raw_handle() const { return handle_; }

  // Content goes with it: GpuCounters::host_bytes.
  void Hold(const Content& content);
  void SetLabel(WGPUStringView text);

  Runtime* const runtime;
  const Kind kind;
  std::string label;
  v8::Global<v8::Object> wrapper;
  // What Dawn has behind it and keeps for others, or this for it, if any.
  std::shared_ptr<Kept> kept;

 private:
  friend class Runtime;

  void* const handle_;
  void Count(size_t bytes);

  // On GpuCounters::host_bytes.
  size_t host_bytes_ = 0;
  // Among all of the runtime.
  Object* previous_ = nullptr;
  Object* next_ = nullptr;
};

class Recorder final : public Object {
 public:
  static bool IsOne(Kind kind);
  // Behind an object that is known to be one.
  static Recorder* Of(v8::Local<v8::Object> wrapper) {
    return static_cast<Recorder*>(Object::Of(wrapper));
  }
  // An encoder that a device makes begins a recording; what a recorder makes shares its own.
  Recorder(Runtime* of, Kind is, void* owned, const Object& maker);

  // Before a command with so many bytes of text or data is recorded, which uses what is named.
  void Record(size_t bytes = 0, Named named = {}) {
    if (recording().is_finished()) return;
    recording().Add(kCommandBytes + bytes);
    named.KeepFor(recording());
  }
  // Before a bind group is set, with so many bytes of offsets. Dawn notes the use of what is bound:
  // with each dispatch, or once in a render pass.
  void RecordBindGroup(uint32_t index, size_t bytes, Named group);
  // What it notes with a dispatch.
  size_t bound() const { return bound_[0] + bound_[1] + bound_[2] + bound_[3]; }
  // Answers how many bytes of commands there were.
  size_t Submitted() { return recording().Clear(); }

 private:
  // Most take 16 to 64, copies of textures some more.
  static constexpr size_t kCommandBytes = 64;

  Recording& recording() { return static_cast<Recording&>(*kept); }

  std::array<size_t, 4> bound_{};
};

// It has memory of the GPU.
class Resource : public Object {
 public:
  // `usage`: see Kept.
  Resource(Runtime* of, Kind is, void* owned, WGPUDevice made_by, uint64_t bytes,
           size_t usage = kUsageBytes)
      : Object(of, is, owned) {
    kept = std::make_shared<Memory>(of, is, made_by, bytes);
    kept->usage = usage;
  }

  Memory& memory() { return static_cast<Memory&>(*kept); }

 protected:
  static constexpr size_t kUsageBytes = 64;
};

class Buffer final : public Resource {
 public:
  // `bytes`: what is counted, 0 for a buffer that has no memory.
  Buffer(Runtime* of, void* owned, WGPUDevice made_by, const WGPUBufferDescriptor& descriptor,
         uint64_t bytes);
  ~Buffer() override;

  // The memory is there, from `offset` on.
  void Mapped(WGPUMapMode mode, uint64_t offset, uint64_t size);
  // Detaches what getMappedRange() gave, and rejects what mapAsync() promised.
  void Unmapped();
  // Detaches only.
  void DetachRanges();

  // getMappedRange() gave this part of the memory.
  struct Range {
    uint64_t begin;
    uint64_t end;
    // Weak: the buffer lives as long as the array does.
    v8::Global<v8::ArrayBuffer> array;
  };

  const uint64_t size;
  const uint32_t usage;
  enum class State : uint8_t { kUnmapped, kPending, kMapped } state = State::kUnmapped;
  // While it is mapped.
  WGPUMapMode mode = WGPUMapMode_None;
  uint64_t mapped_begin = 0;
  uint64_t mapped_end = 0;
  std::vector<Range> ranges;
  // What mapAsync asked for and has no answer; also of a mapped buffer, which Dawn refuses.
  Pending* pending = nullptr;
  // Of one that was mapped at its creation, while it is: Dawn has what is written to it in memory
  // of its own, where its own memory cannot be written to.
  std::shared_ptr<Memory> staging;
};

class Pipeline final : public Object {
 public:
  Pipeline(Runtime* of, Kind is, void* owned);
  ~Pipeline() override;
};

class Adapter final : public Object {
 public:
  Adapter(Runtime* of, void* owned) : Object(of, Kind::kGPUAdapter, owned) {}
  // It has made its one device.
  bool consumed = false;
};

class Device final : public Object {
 public:
  Device(Runtime* of, void* owned);
  ~Device() override;

  void ErrorScopePushed(WGPUErrorFilter filter);
  // Also when there is none.
  void ErrorScopePopped();
  // A call with texts and lists of so many bytes: an error, which the innermost scope for those
  // keeps, may repeat them.
  void ChargeErrorScope(size_t bytes);

  // A reference of ours.
  const WGPUQueue queue;
  // By a call, or it is lost: what it makes has no memory.
  bool destroyed = false;
  uint64_t max_buffer_bytes;
  // The largest that dimensions of textures may be.
  uint32_t max_texture_1d;
  uint32_t max_texture_2d;
  uint32_t max_texture_3d;
  uint32_t max_texture_layers;

 private:
  struct ErrorScope {
    WGPUErrorFilter filter;
    // On GpuCounters::host_bytes.
    size_t bytes;
  };

  std::vector<ErrorScope> error_scopes_;
};

// What GPUSupportedLimits shows.
class Limits final : public Object {
 public:
  Limits(Runtime* of, const WGPULimits& shown)
      : Object(of, Kind::kGPUSupportedLimits, nullptr), limits(shown) {}
  const WGPULimits limits;
};

}  // namespace dcp::webgpu
