// Internal to native/webgpu: types of WebIDL that are one thing or another.
#pragma once

#include "webgpu/convert.h"

namespace dcp::webgpu {

// (sequence<double> or GPUColorDict), of exactly 4.
bool ConvertColor(Conversion& c, v8::Local<v8::Value> value, const Where& where, WGPUColor* to);
// (sequence<GPUIntegerCoordinate> or GPUExtent3DDict), of 1 to 3.
bool ConvertExtent3D(Conversion& c, v8::Local<v8::Value> value, const Where& where,
                     WGPUExtent3D* to);
// (sequence<GPUIntegerCoordinate> or GPUOrigin3DDict), of up to 3.
bool ConvertOrigin3D(Conversion& c, v8::Local<v8::Value> value, const Where& where,
                     WGPUOrigin3D* to);
// A texture stands for a view of it as a whole, which lives as long as the call.
bool ConvertTextureView(Conversion& c, v8::Local<v8::Value> value, const Where& where,
                        WGPUTextureView* to);
// "auto" is null.
bool ConvertPipelineLayout(Conversion& c, v8::Local<v8::Value> value, const Where& where,
                           WGPUPipelineLayout* to);
// Whichever member of the entry it is.
bool ConvertBindingResource(Conversion& c, v8::Local<v8::Value> value, const Where& where,
                            WGPUBindGroupEntry* to);

}  // namespace dcp::webgpu
