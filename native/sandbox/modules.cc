#include "sandbox/modules.h"

#include <cstring>

#include "sandbox/slice_isolate.h"
#include "v8/strings.h"

namespace dcp {

namespace {

using Arguments = v8::FunctionCallbackInfo<v8::Value>;

// The file of that index, null when there is none.
const Bytes* AssetOf(const Arguments& info) {
  const Modules* modules = SliceIsolate::Of(info.GetIsolate()).modules();
  if (modules == nullptr || !info[0]->IsUint32()) return nullptr;
  const uint32_t index = info[0].As<v8::Uint32>()->Value();
  return index < modules->assets.size() ? &modules->assets[index] : nullptr;
}

}  // namespace

const ScriptPurpose& ModulesScript() {
  static const auto* purpose = new ScriptPurpose{"dcp:modules", {"module", "require", "asset"}};
  return *purpose;
}

// modules(): the script's function, or undefined when no modules came with the Job
void CompileModules(const Arguments& info) {
  v8::Isolate* isolate = info.GetIsolate();
  v8::Local<v8::Function> function;
  if (SliceIsolate::Of(isolate).CompileModules().ToLocal(&function))
    info.GetReturnValue().Set(function);
}

// assetLength(index): bytes of a file
void AssetLength(const Arguments& info) {
  const Bytes* asset = AssetOf(info);
  info.GetReturnValue().Set(asset == nullptr ? 0 : static_cast<double>(asset->size));
}

// readAsset(index, bytes): copies a file into bytes that have its length
void ReadAsset(const Arguments& info) {
  v8::Isolate* isolate = info.GetIsolate();
  const Bytes* asset = AssetOf(info);
  if (asset == nullptr || !info[1]->IsUint8Array() ||
      info[1].As<v8::Uint8Array>()->ByteLength() != asset->size) {
    isolate->ThrowException(
        v8::Exception::TypeError(Name(isolate, "readAsset: index and bytes expected")));
    return;
  }
  auto view = info[1].As<v8::Uint8Array>();
  if (asset->size == 0) return;
  std::memcpy(static_cast<uint8_t*>(view->Buffer()->Data()) + view->ByteOffset(), asset->data,
              asset->size);
}

// sourceMap(): the source map of the modules' script, as text
void ReadSourceMap(const Arguments& info) {
  v8::Isolate* isolate = info.GetIsolate();
  const Modules* modules = SliceIsolate::Of(isolate).modules();
  if (modules == nullptr) return;
  v8::Local<v8::String> text;
  if (NewString(isolate,
                {reinterpret_cast<const char*>(modules->source_map.data), modules->source_map.size})
          .ToLocal(&text)) {
    info.GetReturnValue().Set(text);
  }
}

}  // namespace dcp
