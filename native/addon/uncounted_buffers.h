// Internal to native/addon: ArrayBuffers of long bytes that only pass through.
#pragma once

#include <napi.h>
#include <v8.h>

#include "sandbox/slice_io.h"

namespace dcp {

// V8 counts an ArrayBuffer each time that it changes hands. While one of 32 MiB or more is young,
// each small one that is made costs a collection, and one of all objects follows for every 64 MiB:
// for 64 MB that go through a process, three times what copying them takes. These ArrayBuffers it
// does not count, and never frees: what they show is kept here for as long as one refers to it. It
// is told of those that have been there for some seconds, or at once when they are many, so that it
// looks for garbage. Each thread of Node's has its own; when it ends, those that others show are
// left to whichever thread sweeps next.
v8::Local<v8::ArrayBuffer> AdoptUncounted(v8::Isolate* isolate, Bytes bytes);

// The bytes of such a buffer, which has been detached; `held` is what the caller has of its store.
// Empty when it is none of these, or somebody else has its store, too.
Bytes TakeUncounted(const Bytes& held);

// Adds to the exports (src/evaluator/native.ts is their typed mirror):
//
// allocateBuffer(bytes): a Uint8Array of so many bytes, of any content, the only one on such a
//   buffer. At most buffer.constants.MAX_LENGTH: beyond, V8 would end the process. Throws a
//   RangeError when there is no such memory.
// passOn(view): the bytes of a whole buffer as a view of such a buffer; the one before is detached.
// sweepBuffers(): frees what V8 has found to be garbage, and tells it of what is older than the
//   last call. Whether there is any left, of threads that have ended, too.
void DefineUncountedBuffers(Napi::Env env, Napi::Object exports);

}  // namespace dcp
