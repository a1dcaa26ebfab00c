#include "sandbox/memory_functions.h"

#include <algorithm>
#include <span>

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
  host->Add("capMemories", CapMemories);
  host->Add(
      "memoryLimit",
      v8::Number::New(isolate, static_cast<double>(SandboxIsolate::Of(isolate).memory().limit())));
}

}  // namespace dcp
