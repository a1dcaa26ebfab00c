// Which formats of textures and types of queries need a feature.
#include "webgpu/features.h"

#include "webgpu/webgpu_abi.h"

namespace dcp::webgpu {

namespace {

constexpr uint32_t Bit(Str feature) {
  for (uint32_t index = 0; index < kFeatureNeedCount; index++) {
    if (kFeatureNeeds[index] == feature) return 1u << index;
  }
  return 0;
}

uint32_t FeaturesForFormat(WGPUTextureFormat format) {
  if (format >= WGPUTextureFormat_BC1RGBAUnorm && format <= WGPUTextureFormat_BC7RGBAUnormSrgb)
    return Bit(Str::k_texture_compression_bc);
  if (format >= WGPUTextureFormat_ETC2RGB8Unorm && format <= WGPUTextureFormat_EACRG11Snorm)
    return Bit(Str::k_texture_compression_etc2);
  if (format >= WGPUTextureFormat_ASTC4x4Unorm && format <= WGPUTextureFormat_ASTC12x12UnormSrgb)
    return Bit(Str::k_texture_compression_astc);
  switch (format) {
    case WGPUTextureFormat_Depth32FloatStencil8:
      return Bit(Str::k_depth32float_stencil8);
    case WGPUTextureFormat_R16Unorm:
    case WGPUTextureFormat_R16Snorm:
    case WGPUTextureFormat_RG16Unorm:
    case WGPUTextureFormat_RG16Snorm:
    case WGPUTextureFormat_RGBA16Unorm:
    case WGPUTextureFormat_RGBA16Snorm:
      return Bit(Str::k_texture_formats_tier1);
    default:
      return 0;
  }
}

}  // namespace

uint32_t FeaturesFor(EnumId id, uint32_t value) {
  if (id == EnumId::kGPUTextureFormat)
    return FeaturesForFormat(static_cast<WGPUTextureFormat>(value));
  return id == EnumId::kGPUQueryType && value == WGPUQueryType_Timestamp
             ? Bit(Str::k_timestamp_query)
             : 0;
}

}  // namespace dcp::webgpu
