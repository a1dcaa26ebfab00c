// Public to native/: pointers in the internal fields of objects made from our templates, and what
// such objects inherit.
#pragma once

#include <v8.h>

#include "v8/version.h"

namespace dcp {

inline void* GetFieldPointer(v8::Local<v8::Object> object, int index) {
#if DCP_V8_AT_LEAST(14, 0)
  return object->GetAlignedPointerFromInternalField(index, v8::kEmbedderDataTypeTagDefault);
#else
  return object->GetAlignedPointerFromInternalField(index);
#endif
}

inline void SetFieldPointer(v8::Local<v8::Object> object, int index, void* pointer) {
#if DCP_V8_AT_LEAST(14, 0)
  object->SetAlignedPointerInInternalField(index, pointer, v8::kEmbedderDataTypeTagDefault);
#else
  object->SetAlignedPointerInInternalField(index, pointer);
#endif
}

// Answers false with an exception pending.
inline bool SetPrototype(v8::Local<v8::Context> context, v8::Local<v8::Object> object,
                         v8::Local<v8::Value> prototype) {
#if DCP_V8_AT_LEAST(13, 0)
  return object->SetPrototypeV2(context, prototype).FromMaybe(false);
#else
  return object->SetPrototype(context, prototype).FromMaybe(false);
#endif
}

}  // namespace dcp
