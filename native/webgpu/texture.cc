// GPUTexture: what of it is counted.
#include <algorithm>
#include <bit>
#include <memory>
#include <utility>

#include "webgpu/convert.h"
#include "webgpu/generated/dictionaries.h"
#include "webgpu/glue.h"
#include "webgpu/runtime.h"

namespace dcp::webgpu {

namespace {

struct Block {
  uint32_t width;
  uint32_t height;
  uint32_t bytes;
};

// https://www.w3.org/TR/webgpu/#texture-format-caps; formats of depth as drivers store them.
Block BlockOf(WGPUTextureFormat format) {
  if (format >= WGPUTextureFormat_BC1RGBAUnorm && format <= WGPUTextureFormat_BC7RGBAUnormSrgb) {
    const bool small = format <= WGPUTextureFormat_BC1RGBAUnormSrgb ||
                       format == WGPUTextureFormat_BC4RUnorm ||
                       format == WGPUTextureFormat_BC4RSnorm;
    return {4, 4, small ? 8u : 16u};
  }
  if (format >= WGPUTextureFormat_ETC2RGB8Unorm && format <= WGPUTextureFormat_EACRG11Snorm) {
    const bool large = format == WGPUTextureFormat_ETC2RGBA8Unorm ||
                       format == WGPUTextureFormat_ETC2RGBA8UnormSrgb ||
                       format >= WGPUTextureFormat_EACRG11Unorm;
    return {4, 4, large ? 16u : 8u};
  }
  if (format >= WGPUTextureFormat_ASTC4x4Unorm && format <= WGPUTextureFormat_ASTC12x12UnormSrgb) {
    // In pairs, in the order of the enum.
    static constexpr uint8_t kSizes[][2] = {{4, 4},  {5, 4},   {5, 5},   {6, 5},  {6, 6},
                                            {8, 5},  {8, 6},   {8, 8},   {10, 5}, {10, 6},
                                            {10, 8}, {10, 10}, {12, 10}, {12, 12}};
    const auto& size = kSizes[(format - WGPUTextureFormat_ASTC4x4Unorm) / 2];
    return {size[0], size[1], 16};
  }
  switch (format) {
    case WGPUTextureFormat_R8Unorm:
    case WGPUTextureFormat_R8Snorm:
    case WGPUTextureFormat_R8Uint:
    case WGPUTextureFormat_R8Sint:
    case WGPUTextureFormat_Stencil8:
      return {1, 1, 1};
    case WGPUTextureFormat_R16Uint:
    case WGPUTextureFormat_R16Sint:
    case WGPUTextureFormat_R16Float:
    case WGPUTextureFormat_R16Unorm:
    case WGPUTextureFormat_R16Snorm:
    case WGPUTextureFormat_RG8Unorm:
    case WGPUTextureFormat_RG8Snorm:
    case WGPUTextureFormat_RG8Uint:
    case WGPUTextureFormat_RG8Sint:
    case WGPUTextureFormat_Depth16Unorm:
      return {1, 1, 2};
    case WGPUTextureFormat_RG32Float:
    case WGPUTextureFormat_RG32Uint:
    case WGPUTextureFormat_RG32Sint:
    case WGPUTextureFormat_RGBA16Uint:
    case WGPUTextureFormat_RGBA16Sint:
    case WGPUTextureFormat_RGBA16Float:
    case WGPUTextureFormat_RGBA16Unorm:
    case WGPUTextureFormat_RGBA16Snorm:
    case WGPUTextureFormat_Depth32FloatStencil8:
      return {1, 1, 8};
    case WGPUTextureFormat_RGBA32Float:
    case WGPUTextureFormat_RGBA32Uint:
    case WGPUTextureFormat_RGBA32Sint:
      return {1, 1, 16};
    default:
      return {1, 1, 4};
  }
}

// Of the smallest, in the driver and in Dawn.
constexpr double kLeastBytes = 8192;

// Large beyond all bounds where it would not fit.
uint64_t BytesOf(const WGPUTextureDescriptor& texture) {
  const Block block = BlockOf(texture.format);
  const bool has_depth = texture.dimension == WGPUTextureDimension_3D;
  double bytes = 0;
  const uint32_t levels = std::min<uint32_t>(texture.mipLevelCount, 32);
  for (uint32_t level = 0; level < levels; level++) {
    const auto at_level = [level](uint32_t size) { return std::max<uint32_t>(size >> level, 1); };
    const uint32_t depth =
        has_depth ? at_level(texture.size.depthOrArrayLayers) : texture.size.depthOrArrayLayers;
    // Whole blocks.
    const uint32_t columns = (at_level(texture.size.width) - 1) / block.width + 1;
    const uint32_t rows = (at_level(texture.size.height) - 1) / block.height + 1;
    bytes += static_cast<double>(columns) * rows * depth * block.bytes;
  }
  bytes = std::max(bytes * std::max<uint32_t>(texture.sampleCount, 1), kLeastBytes);
  return bytes < 1e18 ? static_cast<uint64_t>(bytes) : UINT64_MAX / 2;
}

// What Dawn notes with each use: of each level of each layer, as soon as a use is of some.
size_t UsageOf(const WGPUTextureDescriptor& texture) {
  constexpr size_t kBytes = 128;
  constexpr size_t kPartBytes = 16;
  const size_t layers =
      texture.dimension == WGPUTextureDimension_3D ? 1 : texture.size.depthOrArrayLayers;
  return kBytes + layers * texture.mipLevelCount * kPartBytes;
}

// https://www.w3.org/TR/webgpu/#dom-gputexturedescriptor-samplecount
bool HasInvalidSamples(const WGPUTextureDescriptor& texture) {
  if (texture.sampleCount == 1) return false;
  return texture.sampleCount != 4 || texture.dimension != WGPUTextureDimension_2D ||
         texture.mipLevelCount != 1 || texture.size.depthOrArrayLayers != 1 ||
         (texture.usage & WGPUTextureUsage_RenderAttachment) == 0 ||
         (texture.usage & WGPUTextureUsage_StorageBinding) != 0;
}

// https://www.w3.org/TR/webgpu/#abstract-opdef-maximum-miplevel-count
uint32_t MostLevels(const WGPUTextureDescriptor& texture) {
  const WGPUExtent3D& size = texture.size;
  uint32_t largest = std::max(size.width, size.height);
  if (texture.dimension == WGPUTextureDimension_1D) return 1;
  if (texture.dimension == WGPUTextureDimension_3D)
    largest = std::max(largest, size.depthOrArrayLayers);
  return static_cast<uint32_t>(std::bit_width(largest));
}

// Whether Dawn refuses it before it takes memory: that is its error to tell, not one of memory.
bool IsInvalid(const WGPUTextureDescriptor& texture, const Device& device) {
  const WGPUExtent3D& size = texture.size;
  if (texture.usage == WGPUTextureUsage_None || texture.mipLevelCount == 0 || size.width == 0 ||
      size.height == 0 || size.depthOrArrayLayers == 0) {
    return true;
  }
  if (HasInvalidSamples(texture) || texture.mipLevelCount > MostLevels(texture)) return true;
  switch (texture.dimension) {
    case WGPUTextureDimension_1D:
      return size.width > device.max_texture_1d || size.height != 1 || size.depthOrArrayLayers != 1;
    case WGPUTextureDimension_3D:
      return std::max({size.width, size.height, size.depthOrArrayLayers}) > device.max_texture_3d;
    default:
      return std::max(size.width, size.height) > device.max_texture_2d ||
             size.depthOrArrayLayers > device.max_texture_layers;
  }
}

}  // namespace

void GPUDevice_createTexture(const Info& info) {
  Object* const self = Object::Of(info.This());
  Runtime& runtime = *self->runtime;
  static constexpr Where kCall{nullptr, "GPUDevice.createTexture"};
  if (info.Length() < 1) return ThrowTooFew(info, kCall, 1);
  Conversion c(runtime, info.GetIsolate());
  WGPUTextureDescriptor descriptor{};
  const Where where{&kCall, "descriptor"};
  if (!c.Read(Reader::kGPUTextureDescriptor, info[0],
              [&] { return ConvertGPUTextureDescriptor(c, info[0], where, &descriptor); }) ||
      !c.HasFeatures(info.This(), kCall)) {
    return;
  }
  const auto handle = self->handle<WGPUDevice>();
  const Procs& procs = runtime.procs();
  const auto& device = *static_cast<const Device*>(self);
  const bool invalid = device.destroyed || IsInvalid(descriptor, device);
  const uint64_t bytes = invalid ? 0 : BytesOf(descriptor);
  const bool refused = !invalid && !runtime.HasRoomFor(bytes);
  WGPUTexture made;
  if (refused) {
    runtime.RefuseMemory(handle);
    made = procs.deviceCreateErrorTexture(handle, &descriptor);
  } else {
    made = procs.deviceCreateTexture(handle, &descriptor);
  }
  runtime.Return(info,
                 std::make_unique<Resource>(&runtime, Kind::kGPUTexture, made, handle,
                                            refused ? 0 : bytes, UsageOf(descriptor)),
                 self, c.content(descriptor.label));
}

void GPUTexture_destroy(const Info& info) {
  auto* const self = static_cast<Resource*>(Object::Of(info.This()));
  self->memory().Free();
  self->runtime->procs().textureDestroy(self->handle<WGPUTexture>());
}

// Means something in the compatibility mode alone.
void GPUTexture_textureBindingViewDimension(const Info& info) {
  info.GetReturnValue().SetUndefined();
}

}  // namespace dcp::webgpu
