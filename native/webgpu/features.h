// Internal to native/webgpu: which values of enums need a feature of the device
// (https://www.w3.org/TR/webgpu/#feature-index).
#pragma once

#include <cstdint>

#include "webgpu/generated/names.h"

namespace dcp::webgpu {

inline constexpr Str kFeatureNeeds[] = {
    Str::k_depth32float_stencil8,    Str::k_texture_compression_bc, Str::k_texture_compression_etc2,
    Str::k_texture_compression_astc, Str::k_texture_formats_tier1,  Str::k_timestamp_query,
};
inline constexpr uint32_t kFeatureNeedCount = sizeof kFeatureNeeds / sizeof *kFeatureNeeds;

// A bit for each of kFeatureNeeds that a GPUTextureFormat or GPUQueryType needs.
uint32_t FeaturesFor(EnumId id, uint32_t value);

}  // namespace dcp::webgpu
