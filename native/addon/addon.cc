// The Node-API surface. Each environment that loads the addon gets these exports; what they share
// (the run queues, the watchdog, the prelude's code cache) is the process's.
// src/evaluator/native.ts and src/system/ are their typed mirrors.
#include <dlfcn.h>
#include <napi.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <csignal>
#include <string>

#include "addon/columns.h"
#include "addon/confinement.h"
#include "addon/datagram.h"
#include "addon/descriptors.h"
#include "addon/evaluator.h"
#include "addon/evaluator_memory.h"
#include "addon/executor.h"
#include "addon/pressure.h"
#include "addon/shared_region.h"
#include "addon/uncounted_buffers.h"
#include "isolate/clock.h"

namespace {

// exitNow(code): ends the process without waiting for threads that will not end.
void ExitNow(const Napi::CallbackInfo& info) { _exit(info[0].As<Napi::Number>().Int32Value()); }

// holdTime(): this process is about to be frozen, and that time shall count for nothing.
void HoldTime(const Napi::CallbackInfo&) { dcp::HoldTime(); }

// releaseTime(frozenMs): it goes on, and stood still for so long.
void ReleaseTime(const Napi::CallbackInfo& info) {
  dcp::ReleaseTime(info[0].As<Napi::Number>().DoubleValue());
}

// endWithParent(): the kernel kills this process when the one that started it ends, also while this
// one is frozen and could not see it.
void EndWithParent(const Napi::CallbackInfo&) { prctl(PR_SET_PDEATHSIG, SIGKILL); }

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
  exports["holdTime"] = Napi::Function::New<HoldTime>(env, "holdTime");
  exports["releaseTime"] = Napi::Function::New<ReleaseTime>(env, "releaseTime");
  exports["endWithParent"] = Napi::Function::New<EndWithParent>(env, "endWithParent");
  exports["addressOf"] = Napi::Function::New<AddressOf>(env, "addressOf");
  dcp::DefineDescriptors(env, exports);
  dcp::DefineConfinement(env, exports);
  exports["SharedRegion"] = dcp::SharedRegion::Define(env);
  exports["EvaluatorMemory"] = dcp::EvaluatorMemory::Define(env);
  dcp::DefineUncountedBuffers(env, exports);
  exports["dropViews"] = Napi::Function::New<dcp::DropViews>(env, "dropViews");
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
