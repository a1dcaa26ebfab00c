// Internal to native/addon: Slices and results between Node's JavaScript and native memory.
#pragma once

#include <napi.h>

#include <vector>

#include "sandbox/slice_io.h"

namespace dcp {

// Node-API hides V8's objects behind its own handles; this addon is compiled for one Node anyway
// and needs both.
v8::Local<v8::Value> ToV8(Napi::Value value);
Napi::Value FromV8(Napi::Env env, v8::Local<v8::Value> value);

// The bytes of a typed array, kept alive by reference. The caller has checked the type.
Bytes BytesOf(Napi::Value view);
std::vector<Bytes> SegmentsOf(Napi::Array views);
// The same for bytes that are handed over: a buffer that a view shows in full is detached here, so
// that nobody reads it while the Sandbox writes, and V8 does not count it twice.
std::vector<Bytes> TakeSegments(Napi::Array views);
// A copy of a Uint32Array.
Column<uint32_t> NumbersOf(Napi::Value column);

// A Uint8Array on these bytes, the only one on its ArrayBuffer.
Napi::Value ViewOf(Napi::Env env, Bytes bytes);
// The same for long ones that only pass through (uncounted_buffers.h). Somebody has to sweep.
Napi::Value PassingViewOf(Napi::Env env, Bytes bytes);
// Each as `ViewOf`; long ones as `PassingViewOf` once `PassLongSegments` has been called.
Napi::Array ViewsOf(Napi::Env env, std::vector<Bytes> segments);
void PassLongSegments();

// A typed array on the column's memory, the only one.
Napi::Value ColumnOf(Napi::Env env, Column<uint32_t> column);
Napi::Value ColumnOf(Napi::Env env, Column<uint8_t> column);
Napi::Value ColumnOf(Napi::Env env, Column<double> column);
// The same with a copy.
Napi::Value ColumnOf(Napi::Env env, const std::vector<uint32_t>& numbers);
Napi::Value ColumnOf(Napi::Env env, const std::vector<double>& numbers);

}  // namespace dcp
