#include "webgpu/members.h"

#include <string_view>

#include "webgpu/runtime.h"
#include "webgpu/unions.h"

namespace dcp::webgpu {

#ifdef DCP_WEBGPU_ABI_STABLE
namespace {

WGPUComponentSwizzle ToComponent(char letter) {
  switch (letter) {
    case '0':
      return WGPUComponentSwizzle_Zero;
    case '1':
      return WGPUComponentSwizzle_One;
    case 'r':
      return WGPUComponentSwizzle_R;
    case 'g':
      return WGPUComponentSwizzle_G;
    case 'b':
      return WGPUComponentSwizzle_B;
    default:
      return WGPUComponentSwizzle_A;
  }
}

}  // namespace
#endif

bool ConvertGPUBindGroupLayoutEntry_externalTexture(Conversion& c, v8::Local<v8::Value> member,
                                                    const Where& where,
                                                    WGPUBindGroupLayoutEntry* to) {
  if (member->IsUndefined()) return true;
  v8::Local<v8::Object> object;
  if (!c.ToDictionary(member, where, &object)) return false;
  auto* const layout = c.arena.New<WGPUChainedStruct>();
  if (layout == nullptr) return c.FailOutOfMemory();
  layout->sType = WGPUSType_ExternalTextureBindingLayout;
  to->nextInChain = layout;
  return true;
}

bool ConvertGPURenderPassDescriptor_maxDrawCount(Conversion& c, v8::Local<v8::Value> member,
                                                 const Where& where, WGPURenderPassDescriptor* to) {
  // The default is Dawn's own.
  if (member->IsUndefined()) return true;
  auto* const limit = c.arena.New<WGPURenderPassMaxDrawCount>();
  if (limit == nullptr) return c.FailOutOfMemory();
  limit->chain.sType = WGPUSType_RenderPassMaxDrawCount;
  to->nextInChain = &limit->chain;
  return c.ToInteger(member, where, &limit->maxDrawCount);
}

bool ConvertGPUShaderModuleDescriptor_code(Conversion& c, v8::Local<v8::Value> member,
                                           const Where& where, WGPUShaderModuleDescriptor* to) {
  if (member->IsUndefined()) return c.Fail(where, "required, and missing");
  auto* const source = c.arena.New<WGPUShaderSourceWGSL>();
  if (source == nullptr) return c.FailOutOfMemory();
  source->chain.sType = WGPUSType_ShaderSourceWGSL;
  to->nextInChain = &source->chain;
  return c.ToString(member, &source->code);
}

bool ConvertGPUShaderModuleDescriptor_compilationHints(Conversion& c, v8::Local<v8::Value> member,
                                                       const Where& where,
                                                       WGPUShaderModuleDescriptor*) {
  if (member->IsUndefined()) return true;
  size_t count;
  char const* none;
  return c.ToSequence(
      member, where, &count, &none, [&c](v8::Local<v8::Value> element, const Where& at, char*) {
        v8::Local<v8::Object> object;
        v8::Local<v8::Value> part;
        WGPUStringView text;
        WGPUPipelineLayout layout{};
        if (!c.ToDictionary(element, at, &object)) return false;
        if (!c.Get(object, Str::k_entryPoint, &part)) return false;
        if (part->IsUndefined()) return c.Missing(at, "entryPoint");
        if (!c.ToString(part, &text) || !c.Get(object, Str::k_layout, &part)) return false;
        return part->IsUndefined() || ConvertPipelineLayout(c, part, {&at, "layout"}, &layout);
      });
}

bool ConvertGPUTextureDescriptor_textureBindingViewDimension(Conversion& c,
                                                             v8::Local<v8::Value> member,
                                                             const Where& where,
                                                             WGPUTextureDescriptor*) {
  uint32_t dimension;
  return member->IsUndefined() ||
         c.ToEnum(member, where, EnumId::kGPUTextureViewDimension, &dimension);
}

bool ConvertGPUTextureViewDescriptor_swizzle(Conversion& c, v8::Local<v8::Value> member,
                                             const Where& where, WGPUTextureViewDescriptor* to) {
  if (member->IsUndefined()) return true;
  WGPUStringView text;
  if (!c.ToString(member, &text)) return false;
  const std::string_view swizzle(text.data, text.length);
  if (swizzle == "rgba") return true;
  if (swizzle.size() != 4 || swizzle.find_first_not_of("rgba01") != std::string_view::npos) {
    c.Refuse(where, "four of r, g, b, a, 0 and 1 expected, got " + c.Show(member));
    return true;
  }
#ifdef DCP_WEBGPU_ABI_STABLE
  auto* const descriptor = c.arena.New<WGPUTextureComponentSwizzleDescriptor>();
  if (descriptor == nullptr) return c.FailOutOfMemory();
  descriptor->chain.sType = WGPUSType_TextureComponentSwizzleDescriptor;
  descriptor->swizzle = {ToComponent(swizzle[0]), ToComponent(swizzle[1]), ToComponent(swizzle[2]),
                         ToComponent(swizzle[3])};
  to->nextInChain = &descriptor->chain;
#else
  // No texture has this format: creating the view is a validation error.
  to->format = static_cast<WGPUTextureFormat>(kUnknownToDawn);
#endif
  return true;
}

}  // namespace dcp::webgpu
