// Internal to native/addon: what an evaluator process gives up.
#pragma once

#include <napi.h>

namespace dcp {

// Adds to the exports (src/evaluator/native.ts is their typed mirror):
//
// confineCalls(profiles): the filter of native/confinement/seccomp_filter.h, for profiles by name.
//   Answers why it is not there, empty when it is.
void DefineConfinement(Napi::Env env, Napi::Object exports);

}  // namespace dcp
