// The Node-API surface. Each environment that loads the addon gets these exports; what they share
// (the run queues, the watchdog, the prelude's code cache) is the process's.
// src/evaluator/native.ts and src/system/ are their typed mirrors.
#include <dlfcn.h>
#include <napi.h>
#include <unistd.h>

#include <string>

#include "addon/columns.h"
#include "addon/datagram.h"
#include "addon/evaluator.h"
#include "addon/pressure.h"
#include "addon/process_memory.h"

namespace {

// exitNow(code): ends the process without waiting for threads that will not end.
void ExitNow(const Napi::CallbackInfo& info) { _exit(info[0].As<Napi::Number>().Int32Value()); }

// addressOf(view): where its bytes lie.
Napi::Value AddressOf(const Napi::CallbackInfo& info) {
  const dcp::Bytes bytes = dcp::BytesOf(info[0]);
  return Napi::BigInt::New(info.Env(), reinterpret_cast<uint64_t>(bytes.data));
}

// tryLibrary(library): why the dynamic loader cannot open it, empty when it can. It stays open.
Napi::Value TryLibrary(const Napi::CallbackInfo& info) {
  const std::string library = info[0].As<Napi::String>().Utf8Value();
  const char* problem = "";
  if (dlopen(library.c_str(), RTLD_LAZY | RTLD_LOCAL) == nullptr) problem = dlerror();
  return Napi::String::New(info.Env(), problem);
}

Napi::Object Init(Napi::Env env, Napi::Object exports) {
  exports["NativeEvaluator"] = dcp::NativeEvaluator::Define(env);
  exports["runExecutor"] = Napi::Function::New<dcp::RunExecutor>(env, "runExecutor");
  exports["exitNow"] = Napi::Function::New<ExitNow>(env, "exitNow");
  exports["addressOf"] = Napi::Function::New<AddressOf>(env, "addressOf");
  dcp::DefineProcessMemory(env, exports);
  exports["DatagramSocket"] = dcp::DatagramObject::Define(env);
  exports["PressureTrigger"] = dcp::PressureTriggerObject::Define(env);
  exports["tryLibrary"] = Napi::Function::New<TryLibrary>(env, "tryLibrary");
  exports["webgpuAbi"] = DCP_WEBGPU_ABI;
  exports["dawnLibrary"] = DCP_DAWN_LIBRARY;
  exports["v8Version"] = v8::V8::GetVersion();
  return exports;
}

}  // namespace

NODE_API_MODULE(dcp_native, Init)
