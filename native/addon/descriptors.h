// Internal to native/addon: descriptors for a child process.
#pragma once

#include <napi.h>

namespace dcp {

// Adds to the exports (src/evaluator/native.ts is their typed mirror):
//
// socketPair(): the two descriptors of a pair of UNIX stream sockets. Neither is inherited.
// closeDescriptor(fd): one of them; Node's own `close` warns of descriptors it did not open.
void DefineDescriptors(Napi::Env env, Napi::Object exports);

}  // namespace dcp
