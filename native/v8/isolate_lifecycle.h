// Public to native/isolate: the order in which an isolate is made known to Node's platform and
// forgotten.
#pragma once

#include <node.h>

#include "v8/version.h"

namespace dcp {

// Runs on the thread that holds the isolate, outside of its Locker and scopes. Afterwards the
// platform has forgotten the isolate and its delegate.
inline void DisposeAndUnregister(v8::Isolate* isolate, node::MultiIsolatePlatform* platform) {
#if NODE_MAJOR_VERSION >= 24
  isolate->Dispose();
  platform->UnregisterIsolate(isolate);
#else
  platform->UnregisterIsolate(isolate);
  isolate->Dispose();
#endif
}

}  // namespace dcp
