// Internal to native/sandbox: what the prelude can ask of us. The Work Function never gets hold of
// it.
#pragma once

#include <v8.h>

namespace dcp {

// The object given to the prelude (src/sandbox/host.ts has its type). `control` is shown as a
// Float64Array.
v8::Local<v8::Object> MakeHostObject(v8::Local<v8::Context> context, void* control,
                                     size_t control_words);

}  // namespace dcp
