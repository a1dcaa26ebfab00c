// Public to native/: exceptions that were caught and go on.
#pragma once

#include <v8.h>

namespace dcp {

// V8 has null in place of the end of an execution: thrown again it would be a value, for the
// JavaScript that was to end to catch. So the end is asked for again.
inline void Rethrow(v8::Isolate* isolate, v8::TryCatch& caught) {
  if (caught.HasTerminated()) {
    isolate->TerminateExecution();
  } else {
    caught.ReThrow();
  }
}

}  // namespace dcp
