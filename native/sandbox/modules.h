// Public to native/: the modules and files that come with a Job (`JobModules` of src/model).
#pragma once

#include <v8.h>

#include <memory>
#include <vector>

#include "sandbox/shared_script.h"
#include "sandbox/slice_io.h"

namespace dcp {

// The modules' script: the body of a function `(module, require, asset)`. src/sandbox knows its
// name.
const ScriptPurpose& ModulesScript();

// Shared by all Sandboxes of the Job: what they get of it is a copy.
struct Modules {
  std::shared_ptr<SharedScript> script;
  // JSON, UTF-8.
  Bytes source_map;
  std::vector<Bytes> assets;
};

// What the prelude can ask of its Job's modules (src/sandbox/host.ts has the types).
void CompileModules(const v8::FunctionCallbackInfo<v8::Value>& info);
void AssetLength(const v8::FunctionCallbackInfo<v8::Value>& info);
void ReadAsset(const v8::FunctionCallbackInfo<v8::Value>& info);
void ReadSourceMap(const v8::FunctionCallbackInfo<v8::Value>& info);

}  // namespace dcp
