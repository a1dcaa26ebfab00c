#include "webgpu/runtime.h"

#include <algorithm>
#include <utility>

#include "webgpu/convert.h"
#include "webgpu/hidden_errors.h"
#include "webgpu/now.h"

namespace dcp::webgpu {

namespace {

// Objects whose JavaScript is gone and that hold memory of Dawn's, before they are looked for.
constexpr size_t kBuryAt = 256;

// A device takes some MB of the driver's, on no account.
constexpr size_t kMaxDevices = 64;
// As long as there are no more, nobody looks for those that are garbage.
constexpr size_t kFewDevices = 8;

// A look at what is awaited costs less than a microsecond. ProcessEvents() looks at everything and
// cleans up, which may take 40: once in so many looks, and whenever they find nothing.
constexpr int kQuickLooks = 32;
constexpr size_t kFuturesAtOnce = 16;

// What a question takes until its promise has been settled, beside the texts of the answer.
constexpr size_t kPendingBytes = 512;

// Errors that wait to be told to listeners.
constexpr size_t kMaxUncaptured = 1000;

// How long a call that makes something may wait for memory. Less than what loses a thread
// (sandbox/deadlines.cc).
constexpr double kFreeingMs = 1000;

bool IsAwaited(const Pending& pending) { return pending.kind != Pending::Kind::kLost; }

}  // namespace

Runtime::Runtime(const Library& library, WGPUInstance instance, v8::Isolate* isolate,
                 GpuOptions options)
    : library_(library),
      procs_(library_.procs()),
      instance_(instance),
      isolate_(isolate),
      options_(std::move(options)),
      strings_(isolate),
      devices_before_collection_(kFewDevices),
      queues_(procs_, instance_, counters_, options_.staged_bytes) {
  isolate->SetData(kIsolateSlot, this);
}

Runtime::~Runtime() = default;

// ---- Waiting

bool Runtime::HasPendingWork() const { return awaited_ > 0 || !completed_.empty() || look_soon_; }

bool Runtime::Poll(uint64_t timeout_ns) {
  if (released_) return false;
  Bury();
  queues_.AskForEnds();
  if (completed_.empty() && !look_soon_ && ++quick_looks_ < kQuickLooks) LookAtFutures();
  if (completed_.empty()) ProcessEvents();
  WGPUFutureWaitInfo wait{};
  if (completed_.empty() && timeout_ns > 0 && FindFuture(&wait.future)) {
    procs_.instanceWaitAny(instance_, 1, &wait, timeout_ns);
  }
  if (completed_.empty()) return false;
  v8::HandleScope scope(isolate_);
  v8::Local<v8::Context> context = isolate_->GetCurrentContext();
  // What comes meanwhile waits for the next turn.
  PendingList settled;
  settled.swap(completed_);
  uncaptured_ = 0;
  for (Pending& pending : settled) Settle(context, &pending);
  return true;
}

void Runtime::LookAtFutures() {
  std::array<WGPUFutureWaitInfo, kFuturesAtOnce> waits;
  size_t count = 0;
  for (auto pending = pending_.begin(); pending != pending_.end() && count < waits.size();
       ++pending) {
    if (IsAwaited(*pending) && pending->future.id != 0) {
      waits[count++].future = pending->future;
    }
  }
  if (count > 0) procs_.instanceWaitAny(instance_, count, waits.data(), 0);
}

void Runtime::ProcessEvents() {
  look_soon_ = false;
  quick_looks_ = 0;
  procs_.instanceProcessEvents(instance_);
}

bool Runtime::FindFuture(WGPUFuture* future) const {
  // One at a time: Dawn waits for a single source. The others are looked at in between.
  for (const Pending& pending : pending_) {
    if (IsAwaited(pending) && pending.future.id != 0) {
      *future = pending.future;
      return true;
    }
  }
  return queues_.FindFuture(future);
}

void Runtime::WaitIdle(uint64_t timeout_ns) {
  WaitForWork(NowMs() + static_cast<double>(timeout_ns) / 1e6, [] { return true; });
}

template <typename GoesOn>
void Runtime::WaitForWork(double until_ms, GoesOn goes_on) {
  queues_.AskForEnds();
  WGPUFutureWaitInfo wait{};
  while (goes_on() && FindWork(&wait.future)) {
    const double left_ms = until_ms - NowMs();
    if (left_ms < 0) return;
    procs_.instanceWaitAny(instance_, 1, &wait, static_cast<uint64_t>(left_ms * 1e6));
  }
}

bool Runtime::FindWork(WGPUFuture* future) const {
  if (queues_.FindFuture(future)) return true;
  if (counters_.compiling.load(std::memory_order_relaxed) == 0) return false;
  for (const Pending& pending : pending_) {
    if (IsPipeline(pending.kind) && pending.future.id != 0) {
      *future = pending.future;
      return true;
    }
  }
  return false;
}

void Runtime::LookForInterrupts() {
  interrupted_.store(false, std::memory_order_relaxed);
  v8::HandleScope scope(isolate_);
  // Empty when the interrupt was the end: then the exception that V8 has pending says so.
  const auto ignored = nothing_.Get(isolate_)->Call(isolate_->GetCurrentContext(),
                                                    v8::Undefined(isolate_), 0, nullptr);
  (void)ignored;
}

// ---- Answers

Pending::Pending(Runtime* asked_of, Kind asked)
    : runtime(asked_of), kind(asked), host_bytes_(kPendingBytes) {
  Add(runtime->mutable_counters().host_bytes, host_bytes_);
}

Pending::~Pending() {
  Add(runtime->mutable_counters().host_bytes, -static_cast<uint64_t>(host_bytes_));
}

void Pending::Count(size_t bytes) {
  host_bytes_ += bytes;
  Add(runtime->mutable_counters().host_bytes, bytes);
}

void Pending::Hold() {
  size_t bytes = text.size();
  for (const Message& message : messages) bytes += sizeof message + message.text.size();
  Count(bytes);
}

void Pending::SetLabel(std::string& of, WGPUStringView given) {
  of = ToText(given);
  Count(of.size());
}

std::string Pending::TakeLabel(std::string& of) {
  // Modulo 2^64, as counters are.
  Count(-of.size());
  return std::exchange(of, {});
}

Pending* Runtime::Begin(Pending::Kind kind, v8::Local<v8::Promise::Resolver> resolver,
                        v8::Local<v8::Object> owner) {
  Pending* const pending = &pending_.emplace_back(this, kind);
  pending->place = std::prev(pending_.end());
  if (!resolver.IsEmpty()) pending->resolver.Reset(isolate_, resolver);
  if (!owner.IsEmpty()) pending->owner.Reset(isolate_, owner);
  if (!IsAwaited(*pending) && !owner.IsEmpty()) pending->owner.SetWeak();
  if (IsAwaited(*pending)) awaited_++;
  if (kind == Pending::Kind::kDevice) asked_devices_++;
  if (IsPipeline(kind)) {
    asked_pipelines_++;
    counters_.compiling.fetch_add(1, std::memory_order_relaxed);
  }
  return pending;
}

void Runtime::Complete(Pending* pending) {
  if (IsAwaited(*pending)) awaited_--;
  if (IsPipeline(pending->kind)) counters_.compiling.fetch_sub(1, std::memory_order_relaxed);
  pending->Hold();
  completed_.splice(completed_.end(), pending_, pending->place);
}

void Runtime::Uncaptured(WGPUDevice device, WGPUErrorType type, WGPUStringView message) {
  const auto found = std::find_if(devices_.begin(), devices_.end(), [device](const Device* each) {
    return each->raw_handle() == device;
  });
  if (found == devices_.end() || (*found)->wrapper.IsEmpty()) return;
  // The specification allows to tell of no more than some.
  if (uncaptured_ == kMaxUncaptured) return;
  uncaptured_++;
  Pending& made = completed_.emplace_back(this, Pending::Kind::kUncaptured);
  made.owner.Reset(isolate_, (*found)->wrapper);
  made.type = type;
  made.text = ToMessage(message);
  made.Hold();
}

v8::MaybeLocal<v8::Value> Runtime::Make(Maker which, int argc, v8::Local<v8::Value>* argv) const {
  return maker(which)->Call(isolate_->GetCurrentContext(), v8::Undefined(isolate_), argc, argv);
}

v8::Local<v8::String> Runtime::String(std::string_view text) const {
  v8::Local<v8::String> string;
  if (!v8::String::NewFromUtf8(isolate_, text.data(), v8::NewStringType::kNormal,
                               static_cast<int>(std::min<size_t>(text.size(), 1 << 20)))
           .ToLocal(&string)) {
    return v8::String::Empty(isolate_);
  }
  return string;
}

v8::Local<v8::Value> Runtime::NewDOMException(std::string_view name,
                                              std::string_view message) const {
  v8::Local<v8::Value> argv[] = {String(name), String(message)};
  v8::Local<v8::Value> exception;
  if (!Make(Maker::kNewDOMException, 2, argv).ToLocal(&exception)) return v8::Undefined(isolate_);
  return exception;
}

void Runtime::ThrowDOMException(std::string_view name, std::string_view message) const {
  isolate_->ThrowException(NewDOMException(name, message));
}

// ---- Objects

v8::MaybeLocal<v8::Object> Runtime::Wrap(std::unique_ptr<Object> object,
                                         v8::Local<v8::Value> device) {
  if (graveyard_.size() >= kBuryAt) Bury();
  v8::Global<v8::Object>& blank = blanks_[static_cast<size_t>(object->kind)];
  if (blank.IsEmpty()) {
    v8::Local<v8::Object> made;
    if (!templates_[static_cast<size_t>(object->kind)]
             .Get(isolate_)
             ->InstanceTemplate()
             ->NewInstance(isolate_->GetCurrentContext())
             .ToLocal(&made)) {
      return {};
    }
    blank.Reset(isolate_, made);
  }
  v8::Local<v8::Object> wrapper = blank.Get(isolate_)->Clone();
  SetFieldPointer(wrapper, field::kObject, object.get());
  if (!device.IsEmpty()) wrapper->SetInternalField(field::kDevice, device);
  object->wrapper.Reset(isolate_, wrapper);
  object->wrapper.SetWeak(object.release(), OnGarbage, v8::WeakCallbackType::kParameter);
  return wrapper;
}

void Runtime::Return(const Info& info, Kind kind, void* handle, Object* maker,
                     const Content& content) {
  auto object = Recorder::IsOne(kind) ? std::make_unique<Recorder>(this, kind, handle, *maker)
                                      : std::make_unique<Object>(this, kind, handle);
  Return(info, std::move(object), maker, content);
}

void Runtime::Return(const Info& info, std::unique_ptr<Object> object, Object* maker,
                     const Content& content) {
  object->Hold(content);
  if (object->kind == Kind::kGPUTextureView) {
    object->kept = maker->kept;
  } else if (object->kind == Kind::kGPUBindGroup) {
    object->kept = std::make_shared<Kept>();
    content.named.KeepFor(*object->kept);
    object->kept->usage = content.named.usage();
  }
  v8::Local<v8::Object> wrapper;
  if (Wrap(std::move(object), DeviceOf(maker->wrapper.Get(isolate_))).ToLocal(&wrapper))
    info.GetReturnValue().Set(wrapper);
}

v8::Local<v8::Value> Runtime::DeviceOf(v8::Local<v8::Object> wrapper) const {
  if (Object::Of(wrapper)->kind == Kind::kGPUDevice) return wrapper;
  return wrapper->GetInternalField(field::kDevice).As<v8::Value>();
}

v8::Local<v8::String> Runtime::EnumString(EnumId id, uint32_t value) const {
  Str name;
  if (!strings_.EnumName(id, value, &name)) return v8::String::Empty(isolate_);
  return strings_.Get(name);
}

void Runtime::OnGarbage(const v8::WeakCallbackInfo<Object>& info) {
  Object* const object = info.GetParameter();
  object->wrapper.Reset();
  // Nothing of V8 or Dawn may be called in here.
  object->runtime->graveyard_.push_back(object);
}

void Runtime::Bury() {
  while (!graveyard_.empty()) {
    const std::unique_ptr<Object> object(graveyard_.back());
    graveyard_.pop_back();
  }
  queues_.Clean();
}

void Runtime::RemoveDevice(Device* device) { std::erase(devices_, device); }

void Runtime::CollectGarbage() {
  isolate_->LowMemoryNotification();
  Bury();
}

void Runtime::RefuseMemory(WGPUDevice device) const {
  procs_.deviceInjectError(device, WGPUErrorType_OutOfMemory, ToView(kMemoryUsedUp));
}

bool Runtime::HasRoomFor(uint64_t bytes) {
  // A texture or buffer alone larger than all there may be is no reason to look for garbage.
  if (bytes > options_.memory_bytes) return false;
  const auto fits = [&] {
    return counters_.memory_bytes.load(std::memory_order_relaxed) + let_go_bytes_ <=
           options_.memory_bytes - bytes;
  };
  if (fits()) return true;
  const double until_ms = NowMs() + kFreeingMs;
  FreeMemory(until_ms);
  return FitsAfterGarbage([&] {
    FreeMemory(until_ms);
    return fits();
  });
}

void Runtime::SubmitSomething(const Device& device) {
  const auto handle = device.handle<WGPUDevice>();
  const HiddenErrors hidden(procs_, handle);
  WGPUBufferDescriptor descriptor{};
  descriptor.usage = WGPUBufferUsage_CopyDst;
  descriptor.size = sizeof(uint32_t);
  const WGPUBuffer buffer = procs_.deviceCreateBuffer(handle, &descriptor);
  if (buffer == nullptr) return;
  const uint32_t zero = 0;
  procs_.queueWriteBuffer(device.queue, buffer, 0, &zero, sizeof zero);
  procs_.queueSubmit(device.queue, 0, nullptr);
  procs_.bufferRelease(buffer);
}

void Runtime::FreeMemory(double until_ms) {
  if (let_go_bytes_ == 0) return;
  for (const Device* device : devices_) {
    SubmitSomething(*device);
    queues_.Submitted(device->queue);
  }
  WaitForWork(until_ms, [this] { return queues_.are_busy(); });
  // Memory goes in the turn in which the work is seen to be done.
  ProcessEvents();
  if (!queues_.are_busy()) let_go_bytes_ = 0;
}

bool Runtime::HasRoomForDevice() {
  if (devices_.size() + asked_devices_ < devices_before_collection_) return true;
  CollectGarbage();
  const size_t count = devices_.size() + asked_devices_;
  devices_before_collection_ = std::clamp(count * 2, kFewDevices, kMaxDevices);
  return count < kMaxDevices;
}

void Runtime::ChargeErrorScopes(size_t bytes) const {
  for (Device* device : devices_) device->ChargeErrorScope(bytes);
}

void Runtime::DeviceDestroyed(WGPUDevice device) {
  for (Device* each : devices_) {
    if (each->raw_handle() == device) each->destroyed = true;
  }
  for (Object* object = objects_; object != nullptr; object = object->next_) {
    if (object->kind != Kind::kGPUBuffer) continue;
    auto* const buffer = static_cast<Buffer*>(object);
    if (buffer->memory().device == device) buffer->Unmapped();
  }
  for (Memory* memory = memories_; memory != nullptr; memory = memory->next_) {
    if (memory->device == device) memory->Free();
  }
  look_soon_ = true;
}

void Runtime::Release() {
  if (released_) return;
  released_ = true;
  queues_.Release();
  v8::HandleScope scope(isolate_);
  for (PendingList* list : {&pending_, &completed_}) {
    for (Pending& pending : *list) {
      pending.resolver.Reset();
      pending.owner.Reset();
    }
  }
  for (Object* object = objects_; object != nullptr; object = object->next_) {
    if (object->kind == Kind::kGPUDevice) procs_.deviceDestroy(object->handle<WGPUDevice>());
  }
  graveyard_.clear();
  for (Object* object = std::exchange(objects_, nullptr); object != nullptr;) {
    Object* const next = object->next_;
    object->wrapper.Reset();
    delete object;
    object = next;
  }
  // The queues of watches that still wait are those of devices that were destroyed just now.
  procs_.instanceProcessEvents(instance_);
  // Whatever has no answer yet gets one now: the list lives until then.
  procs_.instanceRelease(instance_);
  for (PendingList* list : {&pending_, &completed_}) {
    for (const Pending& pending : *list) {
      if (pending.handle == nullptr) continue;
      switch (pending.kind) {
        case Pending::Kind::kAdapter:
          procs_.adapterRelease(static_cast<WGPUAdapter>(pending.handle));
          break;
        case Pending::Kind::kDevice:
          procs_.deviceRelease(static_cast<WGPUDevice>(pending.handle));
          break;
        case Pending::Kind::kComputePipeline:
          procs_.computePipelineRelease(static_cast<WGPUComputePipeline>(pending.handle));
          break;
        case Pending::Kind::kRenderPipeline:
          procs_.renderPipelineRelease(static_cast<WGPURenderPipeline>(pending.handle));
          break;
        default:
          break;
      }
    }
    list->clear();
  }
  for (auto& each : templates_) each.Reset();
  for (auto& each : blanks_) each.Reset();
  for (auto& each : makers_) each.Reset();
  for (auto& each : readers_) each.Reset();
  read_end_.Reset();
  detach_key_.Reset();
  keep_alive_.Reset();
  array_values_.Reset();
  nothing_.Reset();
  isolate_->SetData(kIsolateSlot, nullptr);
}

}  // namespace dcp::webgpu
