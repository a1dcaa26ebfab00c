// Internal to native/webgpu: attributes that are the same object each time, and what they are.
#pragma once

#include <v8.h>

#include <cstdint>
#include <string_view>
#include <vector>

#include "webgpu/runtime.h"
#include "webgpu/webgpu_enums.h"

namespace dcp::webgpu {

// Answers what `make(runtime, object)` made when it was first asked.
template <typename MakeValue>
void Attribute(const Info& info, int at, MakeValue&& make) {
  v8::Local<v8::Object> wrapper = info.This();
  v8::Local<v8::Value> value = wrapper->GetInternalField(at).As<v8::Value>();
  if (value->IsUndefined()) {
    Object* const self = Object::Of(wrapper);
    if (!make(*self->runtime, *self).ToLocal(&value)) return;
    wrapper->SetInternalField(at, value);
  }
  info.GetReturnValue().Set(value);
}

v8::MaybeLocal<v8::Value> MakeFeatures(const Runtime& runtime, Maker maker,
                                       std::vector<v8::Local<v8::Value>>& names);
// Both free what Dawn gave.
v8::MaybeLocal<v8::Value> MakeFeatures(const Runtime& runtime,
                                       const WGPUSupportedFeatures& features);
v8::MaybeLocal<v8::Value> MakeAdapterInfo(const Runtime& runtime, const WGPUAdapterInfo& info);
v8::MaybeLocal<v8::Value> MakeLimits(Runtime& runtime, const WGPULimits& limits);

// Null when there is no such limit.
const LimitSpec* FindLimit(std::string_view name);
uint64_t ReadLimit(const WGPULimits& limits, const LimitSpec& limit);
void WriteLimit(WGPULimits* limits, const LimitSpec& limit, uint64_t value);

}  // namespace dcp::webgpu
