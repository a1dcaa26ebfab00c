#include "sandbox/memory_functions.h"

#include <v8-wasm.h>

#include <algorithm>
#include <span>
#include <string>

#include "isolate/wasm_binary.h"
#include "sandbox/buffer_source.h"
#include "sandbox/sandbox_isolate.h"
#include "sandbox/wasm_memories.h"

namespace dcp {

namespace {

constexpr size_t kWasmPageBytes = 64 << 10;

// memoryLeft(wanted): how many bytes outside of the heap the Sandbox may still have. Where that is
// less than `wanted`, garbage is collected and what is left counted anew.
void MemoryLeft(const Arguments& info) {
  MemoryAccount& memory = SandboxIsolate::Of(info.GetIsolate()).memory();
  const double wanted = info[0]->IsNumber() ? info[0].As<v8::Number>()->Value() : 0;
  const auto left = [&] {
    return std::max(0.0, static_cast<double>(memory.limit()) - static_cast<double>(memory.Used()));
  };
  if (wanted > left()) memory.Recount();
  info.GetReturnValue().Set(left());
}

// trackShared(buffer, isMemory): the memory of a SharedArrayBuffer, or of a WebAssembly.Memory, is
// on the account until it is freed.
void TrackShared(const Arguments& info) {
  if (!info[0]->IsSharedArrayBuffer()) return;
  const auto store = info[0].As<v8::SharedArrayBuffer>()->GetBackingStore();
  const bool grows = info[1]->IsTrue() || store->IsResizableByUserJavaScript();
  SandboxIsolate::Of(info.GetIsolate()).memory().Track(store, grows);
}

MappedCount CountOf(const Arguments& info, int mappings, int memories) {
  const auto number = [&](int index) -> uint32_t {
    return info[index]->IsUint32() ? info[index].As<v8::Uint32>()->Value() : 0;
  };
  return {number(mappings), number(memories)};
}

// expectMapped(what, mappings, memories): it is about to be made, and counts until settleMapped().
// Throws a RangeError where there is no room.
void ExpectMapped(const Arguments& info) {
  v8::Isolate* isolate = info.GetIsolate();
  MemoryAccount& memory = SandboxIsolate::Of(isolate).memory();
  const MappedCount count = CountOf(info, 1, 2);
  if (memory.HasRoomFor(count)) return memory.mappings().Expect(count);
  const v8::String::Utf8Value what(isolate, info[0]);
  v8::Local<v8::String> message;
  if (!NewString(isolate,
                 std::string(*what, what.length()) +
                     ": there are too many resizable buffers, WebAssembly memories and modules")
           .ToLocal(&message)) {
    return;
  }
  isolate->ThrowException(v8::Exception::RangeError(message));
}

// settleMapped(mappings, memories): it has been made, or is not going to be
void SettleMapped(const Arguments& info) {
  SandboxIsolate::Of(info.GetIsolate()).memory().mappings().CallOff(CountOf(info, 0, 1));
}

constexpr MappedCount kOfBuffer{2, 0};
constexpr MappedCount kOfMemory{2, 1};
constexpr MappedCount kOfModule{1, 0, kWasmModuleBytes};

// trackMapped(object): a resizable or growable buffer, a WebAssembly memory or module counts for
// as long as it is there; anything else does not.
void TrackMapped(const Arguments& info) {
  Mappings& mappings = SandboxIsolate::Of(info.GetIsolate()).memory().mappings();
  const auto track = [&](const auto& buffer) {
    auto store = buffer->GetBackingStore();
    if (store->IsResizableByUserJavaScript()) mappings.Hold(store, kOfBuffer);
  };
  if (info[0]->IsArrayBuffer()) {
    track(info[0].As<v8::ArrayBuffer>());
  } else if (info[0]->IsSharedArrayBuffer()) {
    track(info[0].As<v8::SharedArrayBuffer>());
  } else if (info[0]->IsWasmMemoryObject()) {
    mappings.Hold(info[0].As<v8::WasmMemoryObject>()->Buffer()->GetBackingStore(), kOfMemory);
  } else if (info[0]->IsWasmModuleObject()) {
    mappings.Hold(info[0].As<v8::Object>(), kOfModule);
  }
}

// trackInstance(instance, exports, memories): so many memories that an instance of WebAssembly has
// made. Those that it exports may outlive it.
void TrackInstance(const Arguments& info) {
  v8::Isolate* isolate = info.GetIsolate();
  Mappings& mappings = SandboxIsolate::Of(isolate).memory().mappings();
  if (!info[0]->IsObject() || !info[1]->IsObject() || !info[2]->IsUint32()) return;
  uint32_t hidden = info[2].As<v8::Uint32>()->Value();
  const auto context = isolate->GetCurrentContext();
  const auto exports = info[1].As<v8::Object>();
  v8::Local<v8::Array> names;
  if (!exports->GetOwnPropertyNames(context).ToLocal(&names)) return;
  for (uint32_t index = 0; index < names->Length() && hidden > 0; index++) {
    v8::Local<v8::Value> name;
    v8::Local<v8::Value> value;
    if (!names->Get(context, index).ToLocal(&name) ||
        !exports->Get(context, name).ToLocal(&value)) {
      return;
    }
    if (!value->IsWasmMemoryObject()) continue;
    // One that it has imported is known.
    const auto store = value.As<v8::WasmMemoryObject>()->Buffer()->GetBackingStore();
    if (mappings.Hold(store, kOfMemory)) hidden--;
  }
  for (; hidden > 0; hidden--) mappings.Hold(info[0].As<v8::Object>(), kOfMemory);
}

// definedMemories(module): how many memories a module defines, given as such or by its bytes
void DefinedMemoriesOf(const Arguments& info) {
  BufferSource bytes;
  uint32_t count = 0;
  if (info[0]->IsWasmModuleObject()) {
    auto module = info[0].As<v8::WasmModuleObject>()->GetCompiledModule();
    const auto wire = module.GetWireBytesRef();
    count = DefinedMemories({wire.data(), wire.size()});
  } else if (bytes.Read(info[0])) {
    count = DefinedMemories(bytes.bytes());
  }
  info.GetReturnValue().Set(count);
}

// compiledBytes(module): about what V8 takes to compile these bytes; 0 when they are none.
void CompiledBytes(const Arguments& info) {
  BufferSource module;
  if (!module.Read(info[0])) return info.GetReturnValue().Set(0);
  info.GetReturnValue().Set(static_cast<double>(CompiledWasmBytes(module.bytes())));
}

// capMemories(module): the bytes to compile instead, or a text why not; undefined when there are
// none.
void CapMemories(const Arguments& info) {
  v8::Isolate* isolate = info.GetIsolate();
  BufferSource module;
  if (!module.Read(info[0])) return;
  const size_t max_pages = SandboxIsolate::Of(isolate).memory().limit() / kWasmPageBytes;
  const CappedModule capped = dcp::CapMemories(module.bytes(), max_pages);
  const auto answer = [&](std::span<const uint8_t> bytes) {
    info.GetReturnValue().Set(AdoptBytes(isolate, Bytes::Copy(bytes.data(), bytes.size())));
  };
  v8::Local<v8::String> refusal;
  switch (capped.verdict) {
    case CappedModule::kAsIs:
      // Not the caller's own: V8 asks for properties before it reads them, and a getter could
      // change what was looked at.
      answer(module.bytes());
      break;
    case CappedModule::kCapped:
      answer(capped.bytes);
      break;
    case CappedModule::kRefused:
      if (NewString(isolate, capped.refusal).ToLocal(&refusal)) info.GetReturnValue().Set(refusal);
      break;
  }
}

}  // namespace

void AddMemoryFunctions(HostObject* host) {
  v8::Isolate* isolate = v8::Isolate::GetCurrent();
  host->Add("memoryLeft", MemoryLeft);
  host->Add("trackShared", TrackShared);
  host->Add("compiledBytes", CompiledBytes);
  host->Add("definedMemories", DefinedMemoriesOf);
  host->Add("expectMapped", ExpectMapped);
  host->Add("settleMapped", SettleMapped);
  host->Add("trackInstance", TrackInstance);
  host->Add("trackMapped", TrackMapped);
  host->Add("capMemories", CapMemories);
  host->Add(
      "memoryLimit",
      v8::Number::New(isolate, static_cast<double>(SandboxIsolate::Of(isolate).memory().limit())));
}

}  // namespace dcp
