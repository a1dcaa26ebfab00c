// Internal to native/webgpu: all WebGPU of one isolate. See gpu.h.
#pragma once

#include <v8.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstring>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "webgpu/gpu.h"
#include "webgpu/interfaces.h"
#include "webgpu/object.h"
#include "webgpu/pending.h"
#include "webgpu/queue_watches.h"
#include "webgpu/strings.h"

namespace dcp::webgpu {

class Conversion;
struct Procs;
struct Where;

// Functions of the environment (src/sandbox/environment/webgpu).
enum class Maker : uint8_t {
  kEventTarget,
  kAdoptDevice,
  kDefineDevice,
  kFireUncapturedError,
  kNewError,
  kNewPipelineError,
  kNewDOMException,
  kNewLostInfo,
  kNewCompilationInfo,
  kNewFeatures,
  kNewLanguageFeatures,
  kNewAdapterInfo,
  kMakeReaders,
  kCount,
};

inline bool IsPipeline(Pending::Kind kind) {
  return kind == Pending::Kind::kComputePipeline || kind == Pending::Kind::kRenderPipeline;
}

inline constexpr char const* kMemoryUsedUp = "the Sandbox's memory of the GPU is used up";

// A dictionary that a reader reads now, and what converts it with what was read.
struct Reading {
  Conversion* conversion;
  void const* closure;
  bool (*convert)(void const* closure);
  // What was read has been handed over.
  bool taken = false;
  bool converted = false;
};

class Runtime final : public Gpu {
 public:
  Runtime(const Library& library, WGPUInstance instance, v8::Isolate* isolate, GpuOptions options);
  ~Runtime() override;

  v8::MaybeLocal<v8::Object> Install(v8::Local<v8::Context> context,
                                     v8::Local<v8::Object> classes) override;
  bool HasPendingWork() const override;
  bool Poll(uint64_t timeout_ns) override;
  void WaitIdle(uint64_t timeout_ns) override;
  void Bury() override;
  void HeedInterrupt() override { interrupted_.store(true, std::memory_order_relaxed); }
  const GpuCounters& counters() const override { return counters_; }
  void Release() override;

  static Runtime* Of(v8::Isolate* isolate) {
    return static_cast<Runtime*>(isolate->GetData(kIsolateSlot));
  }

  const Procs& procs() const { return procs_; }
  WGPUInstance instance() const { return instance_; }
  v8::Isolate* isolate() const { return isolate_; }
  const GpuOptions& options() const { return options_; }
  const Strings& strings() const { return strings_; }
  GpuCounters& mutable_counters() { return counters_; }

  // At the begin of each call.
  void LetInterruptHappen() {
    if (interrupted_.load(std::memory_order_relaxed)) LookForInterrupts();
  }

  // ---- Objects

  // Whether the value is an object of that interface.
  static bool IsA(v8::Local<v8::Value> value, Kind kind) {
    const Object* const object = Object::OfAny(value);
    return object != nullptr && object->kind == kind;
  }
  // The JavaScript object of a new object of ours, made by (a part of) that device (empty: by
  // none). Empty with an exception pending; then the object is gone.
  v8::MaybeLocal<v8::Object> Wrap(std::unique_ptr<Object> object, v8::Local<v8::Value> device);
  // The answer of a method: a new object for what C answered, made of that content.
  void Return(const Info& info, Kind kind, void* handle, Object* maker,
              const Content& content = {});
  void Return(const Info& info, std::unique_ptr<Object> object, Object* maker,
              const Content& content);
  // The device that an object belongs to, itself included.
  v8::Local<v8::Value> DeviceOf(v8::Local<v8::Object> wrapper) const;
  v8::Local<v8::String> EnumString(EnumId id, uint32_t value) const;

  // Each for Object and its kinds, and for Memory, alone.
  template <typename T>
  void Link(T* one) {
    T*& first = FirstOf(one);
    one->next_ = first;
    if (first != nullptr) first->previous_ = one;
    first = one;
  }
  template <typename T>
  void Unlink(T* one) {
    if (one->previous_ != nullptr) one->previous_->next_ = one->next_;
    if (one->next_ != nullptr) one->next_->previous_ = one->previous_;
    T*& first = FirstOf(one);
    if (first == one) first = one->next_;
  }
  void AddDevice(Device* device) { devices_.push_back(device); }
  void RemoveDevice(Device* device);
  // Its buffers, and the memory of all that it made, are destroyed with it.
  void DeviceDestroyed(WGPUDevice device);
  // A call with texts and lists of so many bytes: see Device.
  void ChargeErrorScopes(size_t bytes) const;
  // Beyond what the Sandbox may have: the error is the device's.
  void RefuseMemory(WGPUDevice device) const;
  // So many bytes were destroyed: they are on no account, and Dawn frees them later.
  void LetMemoryGo(uint64_t bytes) { let_go_bytes_ += bytes; }
  // Room for so many more bytes, perhaps after Dawn was given time to free what was destroyed, or a
  // garbage collection.
  bool HasRoomFor(uint64_t bytes);
  // Room for one more, likewise.
  bool HasRoomForBuffer() { return HasRoom(counters_.buffers, options_.buffers); }
  bool HasRoomForPipeline() {
    return HasRoom(counters_.pipelines, options_.pipelines, asked_pipelines_);
  }
  bool HasRoomForDevice();

  // ---- Answers

  Pending* Begin(Pending::Kind kind, v8::Local<v8::Promise::Resolver> resolver,
                 v8::Local<v8::Object> owner);
  // From Dawn's callbacks: the answer is written down.
  void Complete(Pending* pending);
  // Something may have happened that only ProcessEvents() tells.
  void LookSoon() { look_soon_ = true; }
  void Submitted(WGPUQueue queue) {
    counters_.submits.fetch_add(1, std::memory_order_relaxed);
    queues_.Submitted(queue);
  }
  // So many bytes were given to the queue, to write or of commands.
  void Staged(WGPUQueue queue, uint64_t bytes) {
    // Only there Dawn frees what it has no more use for.
    if (queues_.Staged(queue, bytes)) ProcessEvents();
  }
  void RemoveQueue(WGPUQueue queue) { queues_.Remove(queue); }

  v8::Local<v8::Function> maker(Maker maker) const {
    return makers_[static_cast<size_t>(maker)].Get(isolate_);
  }
  // Calls a function of the environment.
  v8::MaybeLocal<v8::Value> Make(Maker which, int argc, v8::Local<v8::Value>* argv) const;
  v8::Local<v8::Value> NewDOMException(std::string_view name, std::string_view message) const;
  void ThrowDOMException(std::string_view name, std::string_view message) const;
  v8::Local<v8::String> String(std::string_view text) const;
  // An error that no error scope of the device took.
  void Uncaptured(WGPUDevice device, WGPUErrorType type, WGPUStringView message);

  // What mapped arrays are detached with: nobody else can.
  v8::Local<v8::Value> detach_key() const { return detach_key_.Get(isolate_); }
  // What mapped arrays hold their buffer by.
  v8::Local<v8::Private> keep_alive() const { return keep_alive_.Get(isolate_); }
  // The iterator that Arrays had from the start.
  v8::Local<v8::Value> array_values() const { return array_values_.Get(isolate_); }

  // ---- Readers of dictionaries (src/sandbox/environment/webgpu/readers.ts)

  v8::Local<v8::Function> reader(Reader reader) const {
    return readers_[static_cast<size_t>(reader)].Get(isolate_);
  }
  // What stands for the end of a sequence among what they read.
  v8::Local<v8::Value> read_end() const { return read_end_.Get(isolate_); }
  // Of the one that is at work, if any.
  Reading* reading = nullptr;

  // See adapter.cc.
  void AskForAdapter(Pending* pending);
  // Whether the adapter may be offered to the Sandbox, when it asks for a fallback adapter or any.
  bool Offers(WGPUAdapter adapter, bool as_fallback) const;

 private:
  static constexpr uint32_t kIsolateSlot = 1;

  Object*& FirstOf(const Object*) { return objects_; }
  Memory*& FirstOf(const Memory*) { return memories_; }
  void MakeTemplates();
  void AddMembers(v8::Local<v8::FunctionTemplate> type, const InterfaceSpec& spec);
  bool ReadArrayValues(v8::Local<v8::Context> context, v8::Local<v8::Object> classes);
  bool MakeReaders(v8::Local<v8::Context> context);
  bool ReadMakers(v8::Local<v8::Context> context, v8::Local<v8::Object> classes);
  static void OnGarbage(const v8::WeakCallbackInfo<Object>& info);
  // Whether it fits, perhaps after a garbage collection.
  template <typename Fits>
  bool FitsAfterGarbage(Fits fits) {
    if (fits()) return true;
    CollectGarbage();
    return fits();
  }
  bool HasRoom(const std::atomic<uint32_t>& count, uint32_t most, uint32_t asked = 0) {
    return FitsAfterGarbage(
        [&] { return uint64_t{count.load(std::memory_order_relaxed)} + asked < most; });
  }
  void CollectGarbage();
  // Has Dawn free what was destroyed, until that time at most.
  void FreeMemory(double until_ms);
  // Dawn frees what was destroyed when work is done that was submitted later, and submits nothing
  // of its own accord where there is none.
  void SubmitSomething(const Device& device);
  void LookForInterrupts();

  void ProcessEvents();
  // Settles what has an answer already, of the first that are awaited.
  void LookAtFutures();
  // Something to wait for, if anything.
  bool FindFuture(WGPUFuture* future) const;
  // Waits until nothing is left that Release() would wait for, that time, or as long as it is to.
  template <typename GoesOn>
  void WaitForWork(double until_ms, GoesOn goes_on);
  // The same of what Release() would wait for.
  bool FindWork(WGPUFuture* future) const;
  // See settle.cc.
  void Settle(v8::Local<v8::Context> context, Pending* pending);
  void SettleByKind(v8::Local<v8::Context> context, Pending* pending);
  void SettleAdapter(v8::Local<v8::Context> context, Pending* pending);
  void SettleDevice(v8::Local<v8::Context> context, Pending* pending);
  void SettleMap(v8::Local<v8::Context> context, Pending* pending);
  void SettleErrorScope(v8::Local<v8::Context> context, Pending* pending);
  void SettlePipeline(v8::Local<v8::Context> context, Pending* pending, Kind kind);
  void SettleCompilationInfo(v8::Local<v8::Context> context, Pending* pending);
  void SettleLost(v8::Local<v8::Context> context, Pending* pending);
  void FireUncaptured(Pending* pending);
  v8::MaybeLocal<v8::Value> NewError(uint32_t type, const std::string& message) const;

  const Library& library_;
  const Procs& procs_;
  WGPUInstance instance_;
  v8::Isolate* const isolate_;
  const GpuOptions options_;
  GpuCounters counters_;
  Strings strings_;
  std::array<v8::Global<v8::FunctionTemplate>, kKindCount> templates_;
  // An object of each interface with nothing behind it, which others are copies of: that is faster
  // than what makes the first.
  std::array<v8::Global<v8::Object>, kKindCount> blanks_;
  std::array<v8::Global<v8::Function>, static_cast<size_t>(Maker::kCount)> makers_;
  std::array<v8::Global<v8::Function>, static_cast<size_t>(Reader::kCount)> readers_;
  v8::Global<v8::Value> read_end_;
  v8::Global<v8::Value> detach_key_;
  v8::Global<v8::Private> keep_alive_;
  v8::Global<v8::Value> array_values_;
  // Does nothing: V8 looks for interrupts whenever a function begins.
  v8::Global<v8::Function> nothing_;
  std::atomic<bool> interrupted_ = false;

  Object* objects_ = nullptr;
  Memory* memories_ = nullptr;
  // Their JavaScript objects are gone; they go when no garbage is being collected.
  std::vector<Object*> graveyard_;
  std::vector<Device*> devices_;
  // With so many, garbage is collected before another is made.
  size_t devices_before_collection_;
  QueueWatches queues_;

  // Without an answer.
  PendingList pending_;
  // Of those, what somebody waits for.
  size_t awaited_ = 0;
  PendingList completed_;
  // Devices and pipelines that were asked for and have not been made.
  uint32_t asked_devices_ = 0;
  uint32_t asked_pipelines_ = 0;
  // Errors among the completed that no scope took.
  size_t uncaptured_ = 0;
  // Destroyed, and not known to be free: Dawn keeps memory until work is done that was submitted
  // later.
  uint64_t let_go_bytes_ = 0;
  bool look_soon_ = false;
  // Since ProcessEvents().
  int quick_looks_ = 0;
  bool released_ = false;
};

// Why an adapter makes no second device.
inline constexpr char const* kConsumed = "the adapter has made its device: ask for another one";

void ThrowTooFew(const Info& info, const Where& call, int required);
inline std::string ToText(WGPUStringView view) {
  if (view.data == nullptr) return {};
  return view.length == WGPU_STRLEN ? std::string(view.data) : std::string(view.data, view.length);
}
// Of what Dawn says, which repeats labels and the like, so much is kept.
inline std::string ToMessage(WGPUStringView view) {
  static constexpr size_t kMostBytes = size_t{64} << 10;
  if (view.data != nullptr && view.length == WGPU_STRLEN) view.length = std::strlen(view.data);
  view.length = std::min(view.length, kMostBytes);
  return ToText(view);
}
inline WGPUStringView ToView(std::string_view text) { return {text.data(), text.size()}; }

}  // namespace dcp::webgpu
