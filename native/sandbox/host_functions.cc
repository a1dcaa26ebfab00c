#include "sandbox/host_functions.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <string>
#include <utility>
#include <vector>

#include "isolate/clock.h"
#include "isolate/isolate.h"
#include "sandbox/host_object.h"
#include "sandbox/memory_functions.h"
#include "sandbox/modules.h"
#include "sandbox/slice_sandbox.h"
#include "v8/rethrow.h"
#include "v8/script.h"
#include "v8/strings.h"

namespace dcp {

namespace {

// Copies the first `count` elements of a typed array. False when it is not one, or shorter.
template <typename T>
bool CopyColumn(v8::Local<v8::Value> value, size_t count, Column<T>* column) {
  if (!value->IsTypedArray()) return false;
  auto view = value.As<v8::TypedArray>();
  if (view->ByteLength() < count * sizeof(T)) return false;
  *column = Column<T>::Allocate(count);
  return view->CopyContents(column->data(), count * sizeof(T)) == count * sizeof(T);
}

Column<double> Zeros(size_t count) {
  auto zeros = Column<double>::Allocate(count);
  std::fill_n(zeros.data(), count, 0);
  return zeros;
}

bool CopyBytes(v8::Local<v8::Value> value, size_t size, Bytes* bytes) {
  if (!value->IsUint8Array()) return false;
  auto view = value.As<v8::Uint8Array>();
  if (view->ByteLength() < size) return false;
  *bytes = Bytes::Allocate(size);
  return view->CopyContents(bytes->data, size) == size;
}

// Ends must grow and stay within what they index.
bool AreEnds(const Column<uint32_t>& ends, size_t limit) {
  uint32_t last = 0;
  for (uint32_t end : ends) {
    if (end < last || end > limit) return false;
    last = end;
  }
  return true;
}

// `Message.rejected` of src/sandbox/message-kinds.ts: what ends a Slice, and so comes from reject()
// alone.
constexpr int kRejectedMessage = 3;

// More than any account holds of segments as the codec makes them.
constexpr uint32_t kMaxSegments = 1 << 20;

// The prelude has refused larger results already, unless somebody broke it.
bool AreWithin(const Columns& payloads, size_t limit) {
  uint32_t head_start = 0;
  size_t segment = 0;
  for (size_t entry = 0; entry < payloads.head_ends.size(); entry++) {
    size_t bytes = payloads.head_ends[entry] - head_start;
    head_start = payloads.head_ends[entry];
    for (; segment < payloads.segment_ends[entry]; segment++) {
      bytes += payloads.segments[segment].size;
    }
    if (bytes > limit) return false;
  }
  return true;
}

bool ExportSegments(v8::Local<v8::Context> context, v8::Local<v8::Value> value, SegmentGate& gate,
                    std::vector<Bytes>* segments) {
  if (!value->IsArray()) return false;
  auto array = value.As<v8::Array>();
  // A getter among them may make it longer.
  for (uint32_t index = 0; index < array->Length(); index++) {
    v8::HandleScope scope(v8::Isolate::GetCurrent());
    v8::Local<v8::Value> view;
    if (index == kMaxSegments) return false;
    if (!array->Get(context, index).ToLocal(&view) || !view->IsArrayBufferView()) return false;
    segments->push_back(gate.Export(view.As<v8::ArrayBufferView>()));
  }
  return true;
}

void Now(const Arguments& info) { info.GetReturnValue().Set(MonotonicMs()); }

// requireStack()
void RequireStack(const Arguments& info) {
  // Compiling a function takes the most of what the callers do.
  static constexpr size_t kBytes = size_t{32} << 10;
  if (HasStackLeft(kBytes)) return;
  v8::Isolate* isolate = info.GetIsolate();
  isolate->ThrowException(
      v8::Exception::RangeError(Name(isolate, "Maximum call stack size exceeded")));
}

// readClock(): the same to within a microsecond, as a word of `control`: a number that is returned
// is an object of the heap.
void ReadClock(const Arguments& info) { SandboxIsolate::Of(info.GetIsolate()).WriteClock(); }

void CpuNow(const Arguments& info) {
  info.GetReturnValue().Set(SliceSandbox::Of(info.GetIsolate())->CpuMs());
}

// gpuNow(): milliseconds the GPU has worked so far
void GpuNow(const Arguments& info) {
  const SandboxGpu* gpu = SandboxIsolate::Of(info.GetIsolate()).gpu();
  info.GetReturnValue().Set(gpu == nullptr ? 0 : gpu->BusyMs(MonotonicMs()));
}

// defineGlobals(group, names): lazy properties of the global object
void DefineGlobals(const Arguments& info) {
  v8::Isolate* isolate = info.GetIsolate();
  if (!info[0]->IsString() || !info[1]->IsArray())
    return ThrowTypeError(isolate, "defineGlobals: a group and names expected");
  SandboxIsolate::Of(isolate).environment().Define(isolate->GetCurrentContext(),
                                                   ToUtf8(isolate, info[0].As<v8::String>()),
                                                   info[1].As<v8::Array>());
}

// deliver(count, numbers, outcomes, elapsedMs, cpuMs, heads, headBytes, headEnds, segments,
// segmentEnds, webgpuMs?): whether the next Slice may begin
void Deliver(const Arguments& info) {
  v8::Isolate* isolate = info.GetIsolate();
  SliceSandbox* sandbox = SliceSandbox::Of(isolate);
  const size_t count = info[0]->IsUint32() ? info[0].As<v8::Uint32>()->Value() : 0;
  const size_t head_bytes = info[6]->IsUint32() ? info[6].As<v8::Uint32>()->Value() : 0;
  ResultBatch results;
  Columns& payloads = results.payloads;
  if (!CopyColumn(info[1], count, &results.numbers) ||
      !CopyColumn(info[2], count, &results.outcomes) ||
      !CopyColumn(info[3], count, &results.elapsed_ms) ||
      !CopyColumn(info[4], count, &results.cpu_ms) ||
      !CopyBytes(info[5], head_bytes, &payloads.heads) ||
      !CopyColumn(info[7], count, &payloads.head_ends) ||
      !ExportSegments(isolate->GetCurrentContext(), info[8], sandbox->isolate().segments(),
                      &payloads.segments) ||
      !CopyColumn(info[9], count, &payloads.segment_ends) ||
      !(info[10]->IsUndefined() || CopyColumn(info[10], count, &results.webgpu_ms))) {
    return ThrowTypeError(isolate, "deliver: malformed columns");
  }
  if (info[10]->IsUndefined()) results.webgpu_ms = Zeros(count);
  if (!AreEnds(payloads.head_ends, head_bytes) ||
      !AreEnds(payloads.segment_ends, payloads.segments.size())) {
    return ThrowTypeError(isolate, "deliver: ends out of range");
  }
  if (!AreWithin(payloads, sandbox->result_bytes())) {
    return ThrowTypeError(isolate, "deliver: a result larger than results may be");
  }
  if (!sandbox->DeliverResults(std::move(results))) {
    return ThrowTypeError(isolate, "deliver: results of Slices that are not running");
  }
  info.GetReturnValue().Set(!sandbox->outbox().IsFull());
}

// What post() and reject() will copy, in bytes; segments are not copied.
size_t BytesToSay(const Arguments& info) {
  size_t bytes = size_t{3} * static_cast<size_t>(info[3].As<v8::String>()->Length());
  if (info[4]->IsUint8Array()) bytes += info[4].As<v8::Uint8Array>()->ByteLength();
  return bytes;
}

// post(message, slice, number, text, head?, segments?)
void Post(const Arguments& info) {
  v8::Isolate* isolate = info.GetIsolate();
  v8::Local<v8::Context> context = isolate->GetCurrentContext();
  SliceSandbox* sandbox = SliceSandbox::Of(isolate);
  SandboxEvent event{sandbox->id(), SandboxEvent::kMessage};
  if (!info[0]->IsInt32() || !info[1]->IsNumber() || !info[2]->IsNumber() || !info[3]->IsString()) {
    return ThrowTypeError(isolate, "post: malformed message");
  }
  if (!sandbox->MaySay(BytesToSay(info))) return;
  event.message = info[0].As<v8::Int32>()->Value();
  if (event.message == kRejectedMessage) return ThrowTypeError(isolate, "post: no message");
  const double slice = info[1].As<v8::Number>()->Value();
  if (slice >= 0 && slice <= std::numeric_limits<uint32_t>::max()) event.slice = std::trunc(slice);
  event.number = info[2].As<v8::Number>()->Value();
  event.text = ToUtf8(isolate, info[3].As<v8::String>());
  if (info.Length() > 4) {
    if (!info[4]->IsUint8Array() ||
        !CopyBytes(info[4], info[4].As<v8::Uint8Array>()->ByteLength(), &event.payload.head) ||
        !ExportSegments(context, info[5], sandbox->isolate().segments(), &event.payload.segments)) {
      return ThrowTypeError(isolate, "post: malformed payload");
    }
  }
  sandbox->Emit(std::move(event));
}

// reject(message, slice, retries, reason): the Slice ended without a result.
void RejectSlice(const Arguments& info) {
  v8::Isolate* isolate = info.GetIsolate();
  SliceSandbox* sandbox = SliceSandbox::Of(isolate);
  if (!info[0]->IsInt32() || !info[1]->IsUint32() || !info[2]->IsNumber() || !info[3]->IsString()) {
    return ThrowTypeError(isolate, "reject: malformed message");
  }
  if (!sandbox->MaySay(BytesToSay(info))) return;
  if (!sandbox->Settle(info[1].As<v8::Uint32>()->Value()))
    return ThrowTypeError(isolate, "reject: a Slice that is not running");
  SandboxEvent event{sandbox->id(), SandboxEvent::kMessage};
  event.message = kRejectedMessage;
  event.slice = info[1].As<v8::Uint32>()->Value();
  event.number = info[2].As<v8::Number>()->Value();
  event.text = ToUtf8(isolate, info[3].As<v8::String>());
  sandbox->Emit(std::move(event));
}

// drained(): the prelude has no Slice left.
void Drained(const Arguments& info) { SliceSandbox::Of(info.GetIsolate())->ReportDrained(); }

// runMicrotasks(): the promise jobs there are, and those they make.
void RunMicrotasks(const Arguments& info) {
  SandboxIsolate::Of(info.GetIsolate()).RunPromiseJobsNow();
}

// takeRejections(): see Rejections::Take()
void TakeRejections(const Arguments& info) {
  info.GetReturnValue().Set(SandboxIsolate::Of(info.GetIsolate()).TakeRejections());
}

// A syntax error says where it is only to those who ask: its stack does not.
void RethrowWithPosition(v8::Isolate* isolate, v8::Local<v8::Context> context,
                         const v8::TryCatch& caught, v8::Local<v8::String> name) {
  v8::Local<v8::String> text;
  v8::Local<v8::Message> message = caught.Message();
  if (message.IsEmpty() || !caught.Exception()->ToString(context).ToLocal(&text)) return;
  const std::string position =
      ToUtf8(isolate, name) + ":" + std::to_string(message->GetLineNumber(context).FromMaybe(0)) +
      ":" + std::to_string(message->GetStartColumn(context).FromMaybe(0) + 1) + ": ";
  v8::Local<v8::String> full;
  if (NewString(isolate, position + ToUtf8(isolate, text)).ToLocal(&full))
    isolate->ThrowException(full);
}

// compile(source, name): the value of an expression, with positions in terms of its own text.
void Compile(const Arguments& info) {
  v8::Isolate* isolate = info.GetIsolate();
  v8::Local<v8::Context> context = isolate->GetCurrentContext();
  if (!info[0]->IsString() || !info[1]->IsString())
    return ThrowTypeError(isolate, "compile: two strings expected");
  // The line end lets the expression end in a comment.
  v8::Local<v8::String> text = v8::String::Concat(
      isolate, Name(isolate, "("),
      v8::String::Concat(isolate, info[0].As<v8::String>(), Name(isolate, "\n)")));
  v8::ScriptCompiler::Source source(text, MakeOrigin(isolate, info[1].As<v8::String>(), -1));
  v8::Local<v8::Script> script;
  v8::TryCatch caught(isolate);
  if (!v8::ScriptCompiler::Compile(context, &source).ToLocal(&script)) {
    if (caught.CanContinue()) {
      RethrowWithPosition(isolate, context, caught, info[1].As<v8::String>());
    }
    Rethrow(isolate, caught);
    return;
  }
  v8::Local<v8::Value> value;
  if (script->Run(context).ToLocal(&value)) {
    info.GetReturnValue().Set(value);
  } else {
    Rethrow(isolate, caught);
  }
}

// utf8Read(bytes, start, end): string
void Utf8Read(const Arguments& info) {
  v8::Isolate* isolate = info.GetIsolate();
  if (!info[0]->IsUint8Array() || !info[1]->IsUint32() || !info[2]->IsUint32()) {
    return ThrowTypeError(isolate, "utf8Read: bytes, start and end expected");
  }
  auto view = info[0].As<v8::Uint8Array>();
  const size_t start = info[1].As<v8::Uint32>()->Value();
  const size_t end = info[2].As<v8::Uint32>()->Value();
  if (start > end || end > view->ByteLength())
    return ThrowTypeError(isolate, "utf8Read: range out of bounds");
  const auto* data = static_cast<const char*>(view->Buffer()->Data()) + view->ByteOffset();
  v8::Local<v8::String> text;
  if (NewString(isolate, {data + start, end - start}).ToLocal(&text))
    info.GetReturnValue().Set(text);
}

// utf8Write(string, bytes, at): bytes written; what does not fit is left out
void Utf8Write(const Arguments& info) {
  v8::Isolate* isolate = info.GetIsolate();
  if (!info[0]->IsString() || !info[1]->IsUint8Array() || !info[2]->IsUint32()) {
    return ThrowTypeError(isolate, "utf8Write: string, bytes and offset expected");
  }
  auto view = info[1].As<v8::Uint8Array>();
  const size_t at = info[2].As<v8::Uint32>()->Value();
  if (at > view->ByteLength()) return ThrowTypeError(isolate, "utf8Write: offset out of bounds");
  auto* data = static_cast<char*>(view->Buffer()->Data()) + view->ByteOffset();
  const size_t written =
      WriteUtf8(isolate, info[0].As<v8::String>(), data + at, view->ByteLength() - at);
  info.GetReturnValue().Set(static_cast<double>(written));
}

// isDetachable(buffer): false for the buffer of a WebAssembly.Memory
void IsDetachable(const Arguments& info) {
  info.GetReturnValue().Set(info[0]->IsArrayBuffer() &&
                            info[0].As<v8::ArrayBuffer>()->IsDetachable());
}

// release(buffers)
void Release(const Arguments& info) {
  v8::Local<v8::Context> context = info.GetIsolate()->GetCurrentContext();
  if (!info[0]->IsArray()) return;
  auto buffers = info[0].As<v8::Array>();
  for (uint32_t index = 0; index < buffers->Length(); index++) {
    v8::Local<v8::Value> buffer;
    if (!buffers->Get(context, index).ToLocal(&buffer) || !buffer->IsArrayBuffer()) return;
    // Only a prelude that somebody broke offers one that has a key.
    if (!buffer.As<v8::ArrayBuffer>()->IsDetachable() ||
        buffer.As<v8::ArrayBuffer>()->Detach(v8::Local<v8::Value>()).IsNothing()) {
      return;
    }
  }
}

}  // namespace

v8::Local<v8::Object> MakeHostObject(v8::Local<v8::Context> context, void* control,
                                     size_t control_words) {
  v8::Isolate* isolate = v8::Isolate::GetCurrent();
  v8::Local<v8::Object> object = v8::Object::New(isolate);
  HostObject host(context, object);
  host.Add("now", Now);
  // The words are part of the Sandbox, which outlives its isolate.
  std::shared_ptr<v8::BackingStore> store = v8::ArrayBuffer::NewBackingStore(
      control, control_words * sizeof(double), v8::BackingStore::EmptyDeleter, nullptr);
  v8::Local<v8::ArrayBuffer> words = v8::ArrayBuffer::New(isolate, std::move(store));
  // Nobody can take them away from the prelude, nor out of the Sandbox.
  words->SetDetachKey(v8::Symbol::New(isolate));
  host.Add("control", v8::Float64Array::New(words, 0, control_words));
  return object;
}

void AddPreludeFunctions(HostObject* host) {
  v8::Isolate* isolate = v8::Isolate::GetCurrent();
  host->Add("requireStack", RequireStack);
  host->Add("readClock", ReadClock);
  host->Add("cpuNow", CpuNow);
  host->Add("gpuNow", GpuNow);
  host->Add("defineGlobals", DefineGlobals);
  host->Add("deliver", Deliver);
  host->Add("post", Post);
  host->Add("reject", RejectSlice);
  host->Add("drained", Drained);
  host->Add("runMicrotasks", RunMicrotasks);
  host->Add("takeRejections", TakeRejections);
  host->Add("compile", Compile);
  host->Add("modules", CompileModules);
  host->Add("assetLength", AssetLength);
  host->Add("readAsset", ReadAsset);
  host->Add("sourceMap", ReadSourceMap);
  host->Add("utf8Read", Utf8Read);
  host->Add("utf8Write", Utf8Write);
  host->Add("isDetachable", IsDetachable);
  host->Add("release", Release);
  host->Add(
      "resultBytes",
      v8::Number::New(isolate, static_cast<double>(SliceSandbox::Of(isolate)->result_bytes())));
  AddMemoryFunctions(host);
}

}  // namespace dcp
