// Public to native/: what the prelude can ask of us. The Work Function never gets hold of
// it.
#pragma once

#include <v8.h>

#include "sandbox/host_object.h"

namespace dcp {

// The object given to the prelude (src/sandbox/host.ts has its type). `control` is shown as a
// Float64Array. Has no more than the prelude needs at its start.
v8::Local<v8::Object> MakeHostObject(v8::Local<v8::Context> context, void* control,
                                     size_t control_words);

// All the rest that is for the prelude, before anything of a Job.
void AddPreludeFunctions(HostObject* host);

}  // namespace dcp
