// Internal to native/webgpu: members of dictionaries that C has in another form. Each is called
// with what the member is, undefined included.
#pragma once

#include "webgpu/convert.h"

namespace dcp::webgpu {

// The dictionary has no members. There are no external textures here; views of textures go there.
bool ConvertGPUBindGroupLayoutEntry_externalTexture(Conversion& c, v8::Local<v8::Value> member,
                                                    const Where& where,
                                                    WGPUBindGroupLayoutEntry* to);
bool ConvertGPURenderPassDescriptor_maxDrawCount(Conversion& c, v8::Local<v8::Value> member,
                                                 const Where& where, WGPURenderPassDescriptor* to);
bool ConvertGPUShaderModuleDescriptor_code(Conversion& c, v8::Local<v8::Value> member,
                                           const Where& where, WGPUShaderModuleDescriptor* to);
// Hints: looked at as WebIDL demands, and not used.
bool ConvertGPUShaderModuleDescriptor_compilationHints(Conversion& c, v8::Local<v8::Value> member,
                                                       const Where& where,
                                                       WGPUShaderModuleDescriptor* to);
// Means something in the compatibility mode alone, which there is not.
bool ConvertGPUTextureDescriptor_textureBindingViewDimension(Conversion& c,
                                                             v8::Local<v8::Value> member,
                                                             const Where& where,
                                                             WGPUTextureDescriptor* to);
// Anything but "rgba" needs a feature, which the Dawn of the npm package has not: there it is an
// error of the device, and so is everywhere what is no swizzle.
bool ConvertGPUTextureViewDescriptor_swizzle(Conversion& c, v8::Local<v8::Value> member,
                                             const Where& where, WGPUTextureViewDescriptor* to);

}  // namespace dcp::webgpu
