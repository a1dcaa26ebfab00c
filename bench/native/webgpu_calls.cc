// The calls of bench/webgpu/calls.ts in C++, straight to the C interface of Dawn.
//
//   webgpu_calls LIBRARY
//
// Prints the name of the adapter. Then reads lines `TURNS CALL`, and answers each with the
// milliseconds that so many took. Objects are released where they are made, because a program in C
// does so; JavaScript's are left to garbage collection.

#include <chrono>
#include <cstdlib>
#include <functional>
#include <iostream>
#include <map>
#include <string>
#include <vector>

#include "webgpu_device.h"

namespace dcp::bench {
namespace {

class Calls {
 public:
  explicit Calls(const Device& device) : device_(device), procs_(device.procs()) {
    MakeObjects();
    MakePipelines();
  }

  double Time(const std::string& call, int turns) {
    const auto found = table_.find(call);
    if (found == table_.end()) Fail("no such call: " + call);
    const double took = found->second(turns);
    // What was put on the queue is no business of the next.
    device_.WaitForQueue();
    return took;
  }

 private:
  using Timed = std::function<double(int)>;

  template <typename Body>
  static double Clock(int turns, const Body& body) {
    const auto begin = std::chrono::steady_clock::now();
    for (int i = 0; i < turns; i++) body(i);
    return std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - begin)
        .count();
  }

  template <typename Body>
  static Timed Plain(const Body& body) {
    return [body](int turns) { return Clock(turns, [&](int) { body(); }); };
  }

  // In a compute pass, whose commands are thrown away.
  template <typename Body>
  Timed InComputePass(const Body& body) {
    return [this, body](int turns) {
      WGPUCommandEncoder encoder = procs_.deviceCreateCommandEncoder(device_.get(), nullptr);
      WGPUComputePassEncoder pass = procs_.commandEncoderBeginComputePass(encoder, nullptr);
      procs_.computePassEncoderSetPipeline(pass, compute_);
      procs_.computePassEncoderSetBindGroup(pass, 0, bind_group_, 0, nullptr);
      const double took = Clock(turns, [&](int) { body(pass); });
      procs_.computePassEncoderEnd(pass);
      procs_.computePassEncoderRelease(pass);
      Finish(encoder);
      return took;
    };
  }

  template <typename Body>
  Timed InRenderPass(const Body& body) {
    return [this, body](int turns) {
      WGPUCommandEncoder encoder = procs_.deviceCreateCommandEncoder(device_.get(), nullptr);
      WGPURenderPassEncoder pass = BeginRenderPass(encoder);
      procs_.renderPassEncoderSetPipeline(pass, render_);
      procs_.renderPassEncoderSetVertexBuffer(pass, 0, vertices_, 0, WGPU_WHOLE_SIZE);
      procs_.renderPassEncoderSetIndexBuffer(pass, indices_, WGPUIndexFormat_Uint16, 0,
                                             WGPU_WHOLE_SIZE);
      const double took = Clock(turns, [&](int) { body(pass); });
      procs_.renderPassEncoderEnd(pass);
      procs_.renderPassEncoderRelease(pass);
      Finish(encoder);
      return took;
    };
  }

  template <typename Body>
  Timed InEncoder(const Body& body) {
    return [this, body](int turns) {
      WGPUCommandEncoder encoder = procs_.deviceCreateCommandEncoder(device_.get(), nullptr);
      const double took = Clock(turns, [&](int) { body(encoder); });
      Finish(encoder);
      return took;
    };
  }

  void Finish(WGPUCommandEncoder encoder) {
    procs_.commandBufferRelease(procs_.commandEncoderFinish(encoder, nullptr));
    procs_.commandEncoderRelease(encoder);
  }

  WGPURenderPassEncoder BeginRenderPass(WGPUCommandEncoder encoder) {
    WGPURenderPassColorAttachment attachment;
    attachment.view = view_;
    attachment.loadOp = WGPULoadOp_Load;
    attachment.storeOp = WGPUStoreOp_Store;
    WGPURenderPassDescriptor descriptor;
    descriptor.colorAttachmentCount = 1;
    descriptor.colorAttachments = &attachment;
    return procs_.commandEncoderBeginRenderPass(encoder, &descriptor);
  }

  void MakeObjects() {
    storage_ = device_.NewBuffer(65536, WGPUBufferUsage_Storage | WGPUBufferUsage_CopySrc);
    target_ = device_.NewBuffer(65536, WGPUBufferUsage_CopyDst);
    uniform_ = device_.NewBuffer(65536, WGPUBufferUsage_Uniform);
    large_ = device_.NewBuffer(1 << 20, WGPUBufferUsage_CopyDst);
    indirect_ = device_.NewBuffer(12, WGPUBufferUsage_Indirect | WGPUBufferUsage_CopyDst);
    vertices_ = device_.NewBuffer(4096, WGPUBufferUsage_Vertex);
    indices_ = device_.NewBuffer(4096, WGPUBufferUsage_Index);
    readable_ = device_.NewBuffer(256, WGPUBufferUsage_CopyDst | WGPUBufferUsage_MapRead);
    const uint32_t one[3] = {1, 1, 1};
    procs_.queueWriteBuffer(device_.queue(), indirect_, 0, one, sizeof(one));

    WGPUTextureDescriptor texture = SmallTexture(WGPUTextureUsage_RenderAttachment);
    texture_ = procs_.deviceCreateTexture(device_.get(), &texture);
    view_ = procs_.textureCreateView(texture_, nullptr);

    layout_ = NewLayout(1, WGPUBufferBindingType_Storage, false);
    layout_of_4_ = NewLayout(4, WGPUBufferBindingType_Storage, false);
    dynamic_layout_ = NewLayout(2, WGPUBufferBindingType_Uniform, true);
    bind_group_ = NewBindGroup(layout_, 1, storage_, WGPU_WHOLE_SIZE);
    dynamic_bind_group_ = NewBindGroup(dynamic_layout_, 2, uniform_, 256);
  }

  static WGPUTextureDescriptor SmallTexture(WGPUTextureUsage usage) {
    WGPUTextureDescriptor texture;
    texture.usage = usage;
    texture.dimension = WGPUTextureDimension_2D;
    texture.size = {4, 4, 1};
    texture.format = WGPUTextureFormat_RGBA8Unorm;
    return texture;
  }

  WGPUBindGroupLayout NewLayout(int count, WGPUBufferBindingType type, bool dynamic) {
    WGPUBindGroupLayoutEntry entries[4];
    for (int i = 0; i < count; i++) {
      entries[i].binding = i;
      entries[i].visibility = WGPUShaderStage_Compute;
      entries[i].buffer.type = type;
      entries[i].buffer.hasDynamicOffset = dynamic;
    }
    WGPUBindGroupLayoutDescriptor descriptor;
    descriptor.entryCount = count;
    descriptor.entries = entries;
    return procs_.deviceCreateBindGroupLayout(device_.get(), &descriptor);
  }

  WGPUBindGroup NewBindGroup(WGPUBindGroupLayout layout, int count, WGPUBuffer buffer,
                             uint64_t size) {
    WGPUBindGroupEntry entries[4];
    for (int i = 0; i < count; i++) {
      entries[i].binding = i;
      entries[i].buffer = buffer;
      entries[i].size = size;
    }
    WGPUBindGroupDescriptor descriptor;
    descriptor.layout = layout;
    descriptor.entryCount = count;
    descriptor.entries = entries;
    return procs_.deviceCreateBindGroup(device_.get(), &descriptor);
  }

  WGPUPipelineLayout NewPipelineLayout() {
    WGPUPipelineLayoutDescriptor descriptor;
    descriptor.bindGroupLayoutCount = 1;
    descriptor.bindGroupLayouts = &layout_;
    return procs_.deviceCreatePipelineLayout(device_.get(), &descriptor);
  }

  void MakePipelines() {
    WGPUComputePipelineDescriptor compute;
    compute.layout = NewPipelineLayout();
    compute.compute.module = device_.NewModule(
        "@group(0) @binding(0) var<storage, read_write> data: array<u32>;"
        "@compute @workgroup_size(1) fn main() { data[0] = 1; }");
    compute_ = procs_.deviceCreateComputePipeline(device_.get(), &compute);

    WGPUShaderModule module = device_.NewModule(
        "@vertex fn vertex(@location(0) place: vec4f) -> @builtin(position) vec4f { return place; }"
        "@fragment fn fragment() -> @location(0) vec4f { return vec4f(1); }");
    WGPUVertexAttribute attribute;
    attribute.format = WGPUVertexFormat_Float32x4;
    WGPUVertexBufferLayout buffer;
    buffer.stepMode = WGPUVertexStepMode_Vertex;
    buffer.arrayStride = 16;
    buffer.attributeCount = 1;
    buffer.attributes = &attribute;
    WGPUColorTargetState color;
    color.format = WGPUTextureFormat_RGBA8Unorm;
    WGPUFragmentState fragment;
    fragment.module = module;
    fragment.targetCount = 1;
    fragment.targets = &color;
    WGPURenderPipelineDescriptor render;
    render.vertex.module = module;
    render.vertex.bufferCount = 1;
    render.vertex.buffers = &buffer;
    render.fragment = &fragment;
    render_ = procs_.deviceCreateRenderPipeline(device_.get(), &render);
  }

  double MapAndUnmap(int turns) {
    return Clock(turns, [&](int) {
      WGPUBufferMapCallbackInfo mapped;
      mapped.mode = WGPUCallbackMode_WaitAnyOnly;
      mapped.callback = [](WGPUMapAsyncStatus, WGPUStringView, void*, void*) {};
      device_.Wait(procs_.bufferMapAsync(readable_, WGPUMapMode_Read, 0, 256, mapped));
      procs_.bufferUnmap(readable_);
    });
  }

  double PushAndPop(int turns) {
    return Clock(turns, [&](int) {
      procs_.devicePushErrorScope(device_.get(), WGPUErrorFilter_Validation);
      WGPUPopErrorScopeCallbackInfo popped;
      popped.mode = WGPUCallbackMode_WaitAnyOnly;
      popped.callback = [](WGPUPopErrorScopeStatus, WGPUErrorType, WGPUStringView, void*, void*) {};
      device_.Wait(procs_.devicePopErrorScope(device_.get(), popped));
    });
  }

  double MakeTextures(int turns) {
    std::vector<WGPUTexture> made(turns);
    const double took = Clock(turns, [&](int i) {
      const WGPUTextureDescriptor texture = SmallTexture(WGPUTextureUsage_TextureBinding);
      made[i] = procs_.deviceCreateTexture(device_.get(), &texture);
    });
    for (WGPUTexture texture : made) procs_.textureRelease(texture);
    return took;
  }

  double MakeBuffers(int turns, bool mapped) {
    std::vector<WGPUBuffer> made(turns);
    const double took = Clock(turns, [&](int i) {
      WGPUBufferDescriptor descriptor;
      descriptor.size = 256;
      descriptor.usage = WGPUBufferUsage_Storage;
      descriptor.mappedAtCreation = mapped;
      made[i] = procs_.deviceCreateBuffer(device_.get(), &descriptor);
      if (!mapped) return;
      procs_.bufferGetMappedRange(made[i], 0, WGPU_WHOLE_MAP_SIZE);
      procs_.bufferUnmap(made[i]);
    });
    for (WGPUBuffer buffer : made) procs_.bufferRelease(buffer);
    return took;
  }

  double FinishAll(int turns) {
    std::vector<WGPUCommandEncoder> encoders(turns);
    std::vector<WGPUCommandBuffer> finished(turns);
    for (auto& encoder : encoders)
      encoder = procs_.deviceCreateCommandEncoder(device_.get(), nullptr);
    const double took = Clock(
        turns, [&](int i) { finished[i] = procs_.commandEncoderFinish(encoders[i], nullptr); });
    for (WGPUCommandBuffer buffer : finished) procs_.commandBufferRelease(buffer);
    for (WGPUCommandEncoder encoder : encoders) procs_.commandEncoderRelease(encoder);
    return took;
  }

  double SubmitAll(int turns) {
    std::vector<WGPUCommandBuffer> buffers(turns);
    for (auto& buffer : buffers) {
      WGPUCommandEncoder encoder = procs_.deviceCreateCommandEncoder(device_.get(), nullptr);
      procs_.commandEncoderCopyBufferToBuffer(encoder, storage_, 0, target_, 0, 256);
      buffer = procs_.commandEncoderFinish(encoder, nullptr);
      procs_.commandEncoderRelease(encoder);
    }
    const double took =
        Clock(turns, [&](int i) { procs_.queueSubmit(device_.queue(), 1, &buffers[i]); });
    for (WGPUCommandBuffer buffer : buffers) procs_.commandBufferRelease(buffer);
    return took;
  }

  const Device& device_;
  const Procs& procs_;
  WGPUBuffer storage_, target_, uniform_, large_, indirect_, vertices_, indices_, readable_;
  WGPUTexture texture_;
  WGPUTextureView view_;
  WGPUBindGroupLayout layout_, layout_of_4_, dynamic_layout_;
  WGPUBindGroup bind_group_, dynamic_bind_group_;
  WGPUComputePipeline compute_;
  WGPURenderPipeline render_;
  const std::vector<char> bytes_ = std::vector<char>(1 << 20);
  const uint32_t offsets_[2] = {256, 512};

  const std::map<std::string, Timed> table_ = {
      {"createBuffer 256 B", [this](int turns) { return MakeBuffers(turns, false); }},
      {"createTexture 4 × 4", [this](int turns) { return MakeTextures(turns); }},
      {"createView",
       Plain([this] { procs_.textureViewRelease(procs_.textureCreateView(texture_, nullptr)); })},
      {"createSampler", Plain([this] {
         WGPUSamplerDescriptor descriptor;
         descriptor.addressModeU = WGPUAddressMode_ClampToEdge;
         descriptor.addressModeV = WGPUAddressMode_ClampToEdge;
         descriptor.addressModeW = WGPUAddressMode_ClampToEdge;
         descriptor.magFilter = WGPUFilterMode_Linear;
         descriptor.minFilter = WGPUFilterMode_Linear;
         procs_.samplerRelease(procs_.deviceCreateSampler(device_.get(), &descriptor));
       })},
      {"createBindGroupLayout", Plain([this] {
         procs_.bindGroupLayoutRelease(NewLayout(1, WGPUBufferBindingType_Storage, false));
       })},
      {"createPipelineLayout",
       Plain([this] { procs_.pipelineLayoutRelease(NewPipelineLayout()); })},
      {"createBindGroup 1 buffer", Plain([this] {
         procs_.bindGroupRelease(NewBindGroup(layout_, 1, storage_, WGPU_WHOLE_SIZE));
       })},
      {"createBindGroup 4 buffers", Plain([this] {
         procs_.bindGroupRelease(NewBindGroup(layout_of_4_, 4, storage_, WGPU_WHOLE_SIZE));
       })},
      {"createCommandEncoder", Plain([this] {
         procs_.commandEncoderRelease(procs_.deviceCreateCommandEncoder(device_.get(), nullptr));
       })},
      {"beginComputePass, end", InEncoder([this](WGPUCommandEncoder encoder) {
         WGPUComputePassEncoder pass = procs_.commandEncoderBeginComputePass(encoder, nullptr);
         procs_.computePassEncoderEnd(pass);
         procs_.computePassEncoderRelease(pass);
       })},
      {"setPipeline", InComputePass([this](WGPUComputePassEncoder pass) {
         procs_.computePassEncoderSetPipeline(pass, compute_);
       })},
      {"setBindGroup", InComputePass([this](WGPUComputePassEncoder pass) {
         procs_.computePassEncoderSetBindGroup(pass, 0, bind_group_, 0, nullptr);
       })},
      {"setBindGroup, 2 dynamic offsets", InComputePass([this](WGPUComputePassEncoder pass) {
         procs_.computePassEncoderSetBindGroup(pass, 0, dynamic_bind_group_, 2, offsets_);
       })},
      {"setBindGroup, offsets in a Uint32Array", InComputePass([this](WGPUComputePassEncoder pass) {
         procs_.computePassEncoderSetBindGroup(pass, 0, dynamic_bind_group_, 2, offsets_);
       })},
      {"dispatchWorkgroups", InComputePass([this](WGPUComputePassEncoder pass) {
         procs_.computePassEncoderDispatchWorkgroups(pass, 1, 1, 1);
       })},
      {"dispatchWorkgroupsIndirect", InComputePass([this](WGPUComputePassEncoder pass) {
         procs_.computePassEncoderDispatchWorkgroupsIndirect(pass, indirect_, 0);
       })},
      {"beginRenderPass, end", InEncoder([this](WGPUCommandEncoder encoder) {
         WGPURenderPassEncoder pass = BeginRenderPass(encoder);
         procs_.renderPassEncoderEnd(pass);
         procs_.renderPassEncoderRelease(pass);
       })},
      {"setPipeline (render)", InRenderPass([this](WGPURenderPassEncoder pass) {
         procs_.renderPassEncoderSetPipeline(pass, render_);
       })},
      {"setVertexBuffer", InRenderPass([this](WGPURenderPassEncoder pass) {
         procs_.renderPassEncoderSetVertexBuffer(pass, 0, vertices_, 0, WGPU_WHOLE_SIZE);
       })},
      {"setIndexBuffer", InRenderPass([this](WGPURenderPassEncoder pass) {
         procs_.renderPassEncoderSetIndexBuffer(pass, indices_, WGPUIndexFormat_Uint16, 0,
                                                WGPU_WHOLE_SIZE);
       })},
      {"draw", InRenderPass([this](WGPURenderPassEncoder pass) {
         procs_.renderPassEncoderDraw(pass, 3, 1, 0, 0);
       })},
      {"drawIndexed", InRenderPass([this](WGPURenderPassEncoder pass) {
         procs_.renderPassEncoderDrawIndexed(pass, 3, 1, 0, 0, 0);
       })},
      {"copyBufferToBuffer", InEncoder([this](WGPUCommandEncoder encoder) {
         procs_.commandEncoderCopyBufferToBuffer(encoder, storage_, 0, target_, 0, 256);
       })},
      {"clearBuffer", InEncoder([this](WGPUCommandEncoder encoder) {
         procs_.commandEncoderClearBuffer(encoder, target_, 0, 256);
       })},
      {"finish", [this](int turns) { return FinishAll(turns); }},
      {"submit, one command buffer", [this](int turns) { return SubmitAll(turns); }},
      {"writeBuffer 64 B",
       Plain([this] { procs_.queueWriteBuffer(device_.queue(), target_, 0, bytes_.data(), 64); })},
      {"writeBuffer 1 MB", Plain([this] {
         procs_.queueWriteBuffer(device_.queue(), large_, 0, bytes_.data(), bytes_.size());
       })},
      {"mappedAtCreation, getMappedRange, unmap",
       [this](int turns) { return MakeBuffers(turns, true); }},
      {"mapAsync round trip", [this](int turns) { return MapAndUnmap(turns); }},
      {"onSubmittedWorkDone", Plain([this] { device_.WaitForQueue(); })},
      {"pushErrorScope, popErrorScope", [this](int turns) { return PushAndPop(turns); }},
  };
};

}  // namespace
}  // namespace dcp::bench

int main(int argc, char** argv) {
  using namespace dcp::bench;
  if (argc != 2) Fail("expected the path of Dawn's library");
  const Device device(LoadProcs(argv[1]));
  Calls calls(device);
  std::cout << device.adapter_name() << std::endl;
  int turns = 0;
  std::string call;
  while (std::cin >> turns && std::getline(std::cin >> std::ws, call))
    std::cout << calls.Time(call, turns) << std::endl;
  // The driver's own cleaning up is no part of this.
  std::cout.flush();
  std::_Exit(0);
}
