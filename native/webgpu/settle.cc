// What becomes of promises once Dawn has answered.
#include <memory>
#include <utility>

#include "v8/rethrow.h"
#include "webgpu/promise_call.h"
#include "webgpu/runtime.h"

namespace dcp::webgpu {

namespace {

// The last of the attempts in adapter.cc.
constexpr int kLastAttempt = 3;

// Whatever became of the device: its loss may be told of now, and is if it has come before.
void LetGo(Pending* lost) {
  lost->is_kept = false;
  if (lost->is_answered) lost->runtime->Complete(lost);
}

}  // namespace

void Runtime::Settle(v8::Local<v8::Context> context, Pending* pending) {
  v8::HandleScope scope(isolate_);
  v8::TryCatch caught(isolate_);
  SettleByKind(context, pending);
  if (!caught.HasCaught()) return;
  // The end of the execution is nobody's to catch. Otherwise a class of ours has been broken.
  if (!caught.CanContinue()) {
    Rethrow(isolate_, caught);
    return;
  }
  if (pending->resolver.IsEmpty()) return;
  v8::Local<v8::Promise::Resolver> resolver = pending->resolver.Get(isolate_);
  if (resolver->GetPromise()->State() != v8::Promise::kPending) return;
  v8::Local<v8::Value> reason = caught.Exception();
  caught.Reset();
  RejectPromise(resolver, context, reason);
}

void Runtime::SettleByKind(v8::Local<v8::Context> context, Pending* pending) {
  if (pending->kind == Pending::Kind::kDevice) asked_devices_--;
  if (IsPipeline(pending->kind)) asked_pipelines_--;
  switch (pending->kind) {
    case Pending::Kind::kAdapter:
      return SettleAdapter(context, pending);
    case Pending::Kind::kDevice:
      SettleDevice(context, pending);
      return LetGo(pending->lost);
    case Pending::Kind::kMap:
      return SettleMap(context, pending);
    case Pending::Kind::kWorkDone:
      ResolvePromise(pending->resolver.Get(isolate_), context, v8::Undefined(isolate_));
      return;
    case Pending::Kind::kErrorScope:
      return SettleErrorScope(context, pending);
    case Pending::Kind::kComputePipeline:
      return SettlePipeline(context, pending, webgpu::Kind::kGPUComputePipeline);
    case Pending::Kind::kRenderPipeline:
      return SettlePipeline(context, pending, webgpu::Kind::kGPURenderPipeline);
    case Pending::Kind::kCompilationInfo:
      return SettleCompilationInfo(context, pending);
    case Pending::Kind::kLost:
      return SettleLost(context, pending);
    case Pending::Kind::kUncaptured:
      return FireUncaptured(pending);
  }
}

void Runtime::SettleAdapter(v8::Local<v8::Context> context, Pending* pending) {
  v8::Local<v8::Promise::Resolver> resolver = pending->resolver.Get(isolate_);
  if (pending->status == WGPURequestAdapterStatus_Success) {
    auto adapter = std::make_unique<Adapter>(this, std::exchange(pending->handle, nullptr));
    const bool as_fallback = pending->adapter_options.forceFallbackAdapter;
    if (Offers(adapter->handle<WGPUAdapter>(), as_fallback)) {
      v8::Local<v8::Object> wrapper;
      if (Wrap(std::move(adapter), {}).ToLocal(&wrapper))
        ResolvePromise(resolver, context, wrapper);
      return;
    }
    if (pending->attempt < kLastAttempt) {
      Pending* const next = Begin(Pending::Kind::kAdapter, resolver, pending->owner.Get(isolate_));
      next->adapter_options = pending->adapter_options;
      next->attempt = pending->attempt + 1;
      return AskForAdapter(next);
    }
  }
  ResolvePromise(resolver, context, v8::Null(isolate_));
}

void Runtime::SettleDevice(v8::Local<v8::Context> context, Pending* pending) {
  v8::Local<v8::Promise::Resolver> resolver = pending->resolver.Get(isolate_);
  if (pending->status != WGPURequestDeviceStatus_Success) {
    RejectPromise(resolver, context, NewDOMException("OperationError", pending->text));
    return;
  }
  auto* const adapter = static_cast<Adapter*>(Object::Of(pending->owner.Get(isolate_)));
  if (std::exchange(adapter->consumed, true)) {
    const auto device = static_cast<WGPUDevice>(std::exchange(pending->handle, nullptr));
    procs_.deviceDestroy(device);
    procs_.deviceRelease(device);
    return RejectPromise(resolver, context, NewDOMException("OperationError", kConsumed));
  }
  auto made = std::make_unique<Device>(this, std::exchange(pending->handle, nullptr));
  made->SetLabel(ToView(pending->TakeLabel(pending->label)));
  Device* const device = made.get();
  auto queue = std::make_unique<Object>(this, webgpu::Kind::kGPUQueue, device->queue);
  procs_.queueAddRef(device->queue);
  queue->SetLabel(ToView(pending->TakeLabel(pending->queue_label)));
  v8::Local<v8::Object> wrapper;
  v8::Local<v8::Object> queue_wrapper;
  v8::Local<v8::Promise::Resolver> lost;
  if (!Wrap(std::move(made), {}).ToLocal(&wrapper) ||
      !Wrap(std::move(queue), wrapper).ToLocal(&queue_wrapper) ||
      !v8::Promise::Resolver::New(context).ToLocal(&lost)) {
    return;
  }
  wrapper->SetInternalField(field::kQueue, queue_wrapper);
  wrapper->SetInternalField(field::kLost, lost->GetPromise());
  v8::Local<v8::Value> argv[] = {wrapper};
  if (Make(Maker::kAdoptDevice, 1, argv).IsEmpty()) return;
  // A promise and its resolver are one object. The device holds it; whatever waits for it may hold
  // the device, and all of that is garbage together.
  pending->lost->resolver.Reset(isolate_, lost);
  pending->lost->resolver.SetWeak();
  pending->lost->owner.Reset(isolate_, wrapper);
  pending->lost->owner.SetWeak();
  ResolvePromise(resolver, context, wrapper);
}

void Runtime::SettleMap(v8::Local<v8::Context> context, Pending* pending) {
  // Unmapped meanwhile: the promise has been rejected.
  if (pending->resolver.IsEmpty()) return;
  v8::Local<v8::Promise::Resolver> resolver = pending->resolver.Get(isolate_);
  auto* const buffer = static_cast<Buffer*>(Object::Of(pending->owner.Get(isolate_)));
  if (buffer->pending == pending) {
    buffer->pending = nullptr;
    if (pending->status == WGPUMapAsyncStatus_Success) {
      buffer->Mapped(pending->type, pending->begin, pending->size);
      ResolvePromise(resolver, context, v8::Undefined(isolate_));
      return;
    }
    if (buffer->state == Buffer::State::kPending) buffer->state = Buffer::State::kUnmapped;
  }
  const bool aborted = pending->status == WGPUMapAsyncStatus_Aborted ||
                       pending->status == WGPUMapAsyncStatus_CallbackCancelled;
  RejectPromise(resolver, context,
                NewDOMException(aborted ? "AbortError" : "OperationError", pending->text));
}

v8::MaybeLocal<v8::Value> Runtime::NewError(uint32_t type, const std::string& message) const {
  const Str name = type == WGPUErrorType_Validation    ? Str::k_validation
                   : type == WGPUErrorType_OutOfMemory ? Str::k_out_of_memory
                                                       : Str::k_internal;
  v8::Local<v8::Value> argv[] = {strings_.Get(name), String(message)};
  return Make(Maker::kNewError, 2, argv);
}

void Runtime::SettleErrorScope(v8::Local<v8::Context> context, Pending* pending) {
  v8::Local<v8::Promise::Resolver> resolver = pending->resolver.Get(isolate_);
  if (pending->status == WGPUPopErrorScopeStatus_Error) {
    RejectPromise(resolver, context, NewDOMException("OperationError", pending->text));
  } else if (pending->status != WGPUPopErrorScopeStatus_Success ||
             pending->type == WGPUErrorType_NoError) {
    ResolvePromise(resolver, context, v8::Null(isolate_));
  } else {
    v8::Local<v8::Value> error;
    if (NewError(pending->type, pending->text).ToLocal(&error))
      ResolvePromise(resolver, context, error);
  }
}

void Runtime::SettlePipeline(v8::Local<v8::Context> context, Pending* pending, webgpu::Kind kind) {
  v8::Local<v8::Promise::Resolver> resolver = pending->resolver.Get(isolate_);
  if (pending->status == WGPUCreatePipelineAsyncStatus_Success) {
    auto made = std::make_unique<Pipeline>(this, kind, std::exchange(pending->handle, nullptr));
    made->SetLabel(ToView(pending->TakeLabel(pending->label)));
    v8::Local<v8::Object> wrapper;
    if (Wrap(std::move(made), pending->owner.Get(isolate_)).ToLocal(&wrapper))
      ResolvePromise(resolver, context, wrapper);
    return;
  }
  const bool invalid = pending->status == WGPUCreatePipelineAsyncStatus_ValidationError;
  v8::Local<v8::Value> argv[] = {strings_.Get(invalid ? Str::k_validation : Str::k_internal),
                                 String(pending->text)};
  v8::Local<v8::Value> error;
  if (Make(Maker::kNewPipelineError, 2, argv).ToLocal(&error))
    RejectPromise(resolver, context, error);
}

void Runtime::SettleCompilationInfo(v8::Local<v8::Context> context, Pending* pending) {
  const auto number = [&](uint64_t value) {
    return v8::Number::New(isolate_, static_cast<double>(value));
  };
  std::vector<v8::Local<v8::Value>> messages;
  for (const Pending::Message& message : pending->messages) {
    const Str type = message.type == WGPUCompilationMessageType_Error     ? Str::k_error
                     : message.type == WGPUCompilationMessageType_Warning ? Str::k_warning
                                                                          : Str::k_info;
    v8::Local<v8::Value> parts[] = {String(message.text),   strings_.Get(type),
                                    number(message.line),   number(message.column),
                                    number(message.offset), number(message.length)};
    messages.push_back(v8::Array::New(isolate_, parts, 6));
  }
  v8::Local<v8::Value> list = v8::Array::New(isolate_, messages.data(), messages.size());
  v8::Local<v8::Value> made;
  if (Make(Maker::kNewCompilationInfo, 1, &list).ToLocal(&made))
    ResolvePromise(pending->resolver.Get(isolate_), context, made);
}

void Runtime::SettleLost(v8::Local<v8::Context> context, Pending* pending) {
  // Nobody knows of such a device, or waits for it any more.
  if (pending->resolver.IsEmpty()) return;
  if (!pending->owner.IsEmpty()) {
    v8::Local<v8::Object> wrapper = pending->owner.Get(isolate_);
    DeviceDestroyed(Object::Of(wrapper)->handle<WGPUDevice>());
  }
  const bool unknown = pending->status == WGPUDeviceLostReason_Unknown;
  v8::Local<v8::Value> argv[] = {strings_.Get(unknown ? Str::k_unknown : Str::k_destroyed),
                                 String(pending->text)};
  v8::Local<v8::Value> info;
  if (Make(Maker::kNewLostInfo, 2, argv).ToLocal(&info))
    ResolvePromise(pending->resolver.Get(isolate_), context, info);
}

void Runtime::FireUncaptured(Pending* pending) {
  v8::Local<v8::Value> error;
  if (!NewError(pending->type, pending->text).ToLocal(&error)) return;
  v8::Local<v8::Value> argv[] = {pending->owner.Get(isolate_), error};
  (void)Make(Maker::kFireUncapturedError, 2, argv);
}

}  // namespace dcp::webgpu
