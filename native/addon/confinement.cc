#include "addon/confinement.h"

#include <string>

#include "confinement/allowed_calls.h"
#include "confinement/seccomp_filter.h"

namespace dcp {

namespace {

// 0: no profile has this name.
unsigned ProfileNamed(const std::string& name) {
  if (name == "cpu") return confinement::kCpuCalls;
  if (name == "software-gpu") return confinement::kSoftwareGpuCalls;
  if (name == "nvidia") return confinement::kNvidiaCalls;
  if (name == "mesa") return confinement::kMesaCalls;
  if (name == "connections") return confinement::kConnectionCalls;
  return 0;
}

Napi::Value ConfineCalls(const Napi::CallbackInfo& info) {
  const auto names = info[0].As<Napi::Array>();
  unsigned profiles = 0;
  for (uint32_t index = 0; index < names.Length(); index++)
    profiles |= ProfileNamed(names.Get(index).As<Napi::String>().Utf8Value());
  return Napi::String::New(info.Env(), confinement::InstallSeccompFilter(profiles));
}

}  // namespace

void DefineConfinement(Napi::Env env, Napi::Object exports) {
  exports["confineCalls"] = Napi::Function::New<ConfineCalls>(env, "confineCalls");
}

}  // namespace dcp
