// Internal to native/classic: lines of UTF-8 as strings of V8, and back.
#pragma once

#include <v8.h>

#include "classic/lines.h"
#include "sandbox/slice_io.h"

namespace dcp {

// Nothing, with a RangeError pending, when it is longer than strings can be.
v8::MaybeLocal<v8::String> NewLineString(v8::Isolate* isolate, const Line& line);

// With a line's end behind it. Lone surrogates become U+FFFD.
Bytes ToLine(v8::Isolate* isolate, v8::Local<v8::String> text);

}  // namespace dcp
