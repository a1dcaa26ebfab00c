// What structuredClone needs to know of values and to do with their memory
// (https://html.spec.whatwg.org/#safe-passing-of-structured-data).
#include <memory>
#include <utility>

#include "sandbox/environment_functions.h"

namespace dcp {

namespace {

// What a value is by its internal slots, whatever its prototype and properties say. The numbers of
// src/sandbox/environment/structured-clone/kinds.ts.
enum Kind : uint32_t {
  kOrdinary,
  kArray,
  kDate,
  kRegExp,
  kWrapper,
  kMap,
  kSet,
  kError,
  kArrayBuffer,
  kSharedArrayBuffer,
  kView,
  kWasmModule,
  kUncloneable,
};

Kind KindOf(v8::Local<v8::Context> context, v8::Local<v8::Value> value) {
  if (value->IsArray()) return kArray;
  if (value->IsArrayBufferView()) return kView;
  if (value->IsDate()) return kDate;
  if (value->IsMap()) return kMap;
  if (value->IsSet()) return kSet;
  if (value->IsNativeError()) return kError;
  if (value->IsArrayBuffer()) return kArrayBuffer;
  if (value->IsRegExp()) return kRegExp;
  if (value->IsNumberObject() || value->IsStringObject() || value->IsBooleanObject() ||
      value->IsBigIntObject()) {
    return kWrapper;
  }
  if (value->IsSharedArrayBuffer()) return kSharedArrayBuffer;
  if (value->IsWasmModuleObject()) return kWasmModule;
  if (value->IsFunction() || value->IsSymbolObject() || value->IsPromise() || value->IsProxy() ||
      value->IsWeakMap() || value->IsWeakSet() || value->IsWeakRef() ||
      value->IsGeneratorObject() || value->IsMapIterator() || value->IsSetIterator() ||
      value->IsModuleNamespaceObject() || value->IsWasmMemoryObject() ||
      value->IsArgumentsObject()) {
    return kUncloneable;
  }
  const bool is_global = value->StrictEquals(context->Global());
  return is_global ? kUncloneable : kOrdinary;
}

// kindOf(value): Kind
void KindOfValue(const Arguments& info) {
  info.GetReturnValue().Set(
      static_cast<uint32_t>(KindOf(info.GetIsolate()->GetCurrentContext(), info[0])));
}

// primitiveOf(wrapper): what a Number, String, Boolean or BigInt object holds
void PrimitiveOf(const Arguments& info) {
  v8::Isolate* isolate = info.GetIsolate();
  v8::Local<v8::Value> value = info[0];
  if (value->IsNumberObject()) {
    info.GetReturnValue().Set(value.As<v8::NumberObject>()->ValueOf());
  } else if (value->IsStringObject()) {
    info.GetReturnValue().Set(value.As<v8::StringObject>()->ValueOf());
  } else if (value->IsBooleanObject()) {
    info.GetReturnValue().Set(value.As<v8::BooleanObject>()->ValueOf());
  } else if (value->IsBigIntObject()) {
    info.GetReturnValue().Set(value.As<v8::BigIntObject>()->ValueOf());
  } else {
    ThrowTypeError(isolate, "primitiveOf: a wrapper expected");
  }
}

// copyRegExp(expression): another one of the same source and flags
void CopyRegExp(const Arguments& info) {
  v8::Isolate* isolate = info.GetIsolate();
  if (!info[0]->IsRegExp()) return ThrowTypeError(isolate, "copyRegExp: a RegExp expected");
  auto expression = info[0].As<v8::RegExp>();
  v8::Local<v8::RegExp> copy;
  if (v8::RegExp::New(isolate->GetCurrentContext(), expression->GetSource(), expression->GetFlags())
          .ToLocal(&copy)) {
    info.GetReturnValue().Set(copy);
  }
}

// nameOf(object): what to call it in an error, without running any code of its own
void NameOf(const Arguments& info) {
  if (info[0]->IsFunction()) {
    info.GetReturnValue().Set(info[0].As<v8::Function>()->GetDebugName());
  } else if (info[0]->IsObject() && !info[0]->IsProxy()) {
    info.GetReturnValue().Set(info[0].As<v8::Object>()->GetConstructorName());
  }
}

// isDetached(buffer)
void IsDetached(const Arguments& info) {
  info.GetReturnValue().Set(info[0]->IsArrayBuffer() &&
                            info[0].As<v8::ArrayBuffer>()->WasDetached());
}

// transferBuffer(buffer): a new ArrayBuffer with the memory of `buffer`, which is detached;
// undefined when it cannot be
void TransferBuffer(const Arguments& info) {
  v8::Isolate* isolate = info.GetIsolate();
  if (!info[0]->IsArrayBuffer()) {
    return ThrowTypeError(isolate, "transferBuffer: an ArrayBuffer expected");
  }
  auto buffer = info[0].As<v8::ArrayBuffer>();
  if (!buffer->IsDetachable()) return;
  std::shared_ptr<v8::BackingStore> store = buffer->GetBackingStore();
  if (buffer->Detach(v8::Local<v8::Value>()).IsNothing()) return;
  info.GetReturnValue().Set(v8::ArrayBuffer::New(isolate, std::move(store)));
}

// shareBuffer(buffer): another SharedArrayBuffer on the same memory
void ShareBuffer(const Arguments& info) {
  v8::Isolate* isolate = info.GetIsolate();
  if (!info[0]->IsSharedArrayBuffer()) {
    return ThrowTypeError(isolate, "shareBuffer: a SharedArrayBuffer expected");
  }
  info.GetReturnValue().Set(
      v8::SharedArrayBuffer::New(isolate, info[0].As<v8::SharedArrayBuffer>()->GetBackingStore()));
}

// copyModule(module): another WebAssembly.Module of the same code
void CopyModule(const Arguments& info) {
  v8::Isolate* isolate = info.GetIsolate();
  v8::Local<v8::WasmModuleObject> copy;
  if (!info[0]->IsWasmModuleObject()) {
    return ThrowTypeError(isolate, "copyModule: a WebAssembly.Module expected");
  }
  if (v8::WasmModuleObject::FromCompiledModule(
          isolate, info[0].As<v8::WasmModuleObject>()->GetCompiledModule())
          .ToLocal(&copy)) {
    info.GetReturnValue().Set(copy);
  }
}

}  // namespace

void AddCloneFunctions(HostObject* host) {
  host->Add("copyModule", CopyModule);
  host->Add("copyRegExp", CopyRegExp);
  host->Add("isDetached", IsDetached);
  host->Add("kindOf", KindOfValue);
  host->Add("nameOf", NameOf);
  host->Add("primitiveOf", PrimitiveOf);
  host->Add("shareBuffer", ShareBuffer);
  host->Add("transferBuffer", TransferBuffer);
}

}  // namespace dcp
