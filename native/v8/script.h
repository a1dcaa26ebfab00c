// Public to native/: where code comes from, for stacks and error messages.
#pragma once

#include <string_view>

#include "v8/strings.h"

namespace dcp {

// `column_offset` shifts columns of the first line, to hide what we wrap around somebody's source.
inline v8::ScriptOrigin MakeOrigin(v8::Isolate* isolate, v8::Local<v8::String> name,
                                   int column_offset = 0) {
#if DCP_V8_AT_LEAST(12, 0)
  (void)isolate;
  return v8::ScriptOrigin(name, 0, column_offset);
#else
  return v8::ScriptOrigin(isolate, name, 0, column_offset);
#endif
}

}  // namespace dcp
