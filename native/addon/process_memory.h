// Internal to native/addon: a channel to a child process, and its memory.
#pragma once

#include <napi.h>

namespace dcp {

// Adds to the exports (src/evaluator/native.ts is their typed mirror):
//
// socketPair(): the two descriptors of a pair of UNIX stream sockets. Neither is inherited.
// closeDescriptor(fd): one of them; Node's own `close` warns of descriptors it did not open.
// readMemory(pid, address, view), writeMemory(pid, address, view): copy all of the view's bytes
//   from or to the memory of a child process, without its help. Answer 0, or an errno: the kernel
//   checks the range, and whether we may. On failure some of the bytes may have been copied.
void DefineProcessMemory(Napi::Env env, Napi::Object exports);

}  // namespace dcp
