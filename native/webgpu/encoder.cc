// Methods of encoders that are overloaded, or take bytes.
#include "webgpu/convert.h"
#include "webgpu/glue.h"
#include "webgpu/runtime.h"
#include "webgpu/source.h"

namespace dcp::webgpu {

namespace {

char const* NameOf(const Object& self, char const* compute, char const* render,
                   char const* bundle) {
  if (self.kind == Kind::kGPUComputePassEncoder) return compute;
  return self.kind == Kind::kGPURenderPassEncoder ? render : bundle;
}

void SetBindGroup(Recorder& self, Named named, uint32_t index, WGPUBindGroup group, size_t count,
                  uint32_t const* offsets) {
  const Procs& procs = self.runtime->procs();
  self.RecordBindGroup(index, count * sizeof(uint32_t), named);
  switch (self.kind) {
    case Kind::kGPUComputePassEncoder:
      return procs.computePassEncoderSetBindGroup(self.handle<WGPUComputePassEncoder>(), index,
                                                  group, count, offsets);
    case Kind::kGPURenderPassEncoder:
      return procs.renderPassEncoderSetBindGroup(self.handle<WGPURenderPassEncoder>(), index, group,
                                                 count, offsets);
    default:
      return procs.renderBundleEncoderSetBindGroup(self.handle<WGPURenderBundleEncoder>(), index,
                                                   group, count, offsets);
  }
}

// setBindGroup(index, bindGroup, dynamicOffsetsData, start, length)
void SetBindGroupByData(const Info& info, Conversion& c, Recorder& self, const Where& call,
                        uint32_t index, WGPUBindGroup group) {
  uint64_t start;
  uint32_t length;
  Source source;
  if (!info[2]->IsUint32Array()) {
    c.Fail({&call, "dynamicOffsetsData"}, "a Uint32Array expected, got " + c.Show(info[2]));
    return;
  }
  if (!c.ToInteger(info[3], {&call, "dynamicOffsetsDataStart"}, &start) ||
      !c.ToInteger(info[4], {&call, "dynamicOffsetsDataLength"}, &length) ||
      !source.Read(c, info[2], {&call, "dynamicOffsetsData"})) {
    return;
  }
  const uint64_t given = source.size() / sizeof(uint32_t);
  if (start > given || length > given - start) {
    info.GetIsolate()->ThrowException(v8::Exception::RangeError(self.runtime->String(
        std::string(call.name) + ": dynamicOffsetsData: " + std::to_string(length) + " from " +
        std::to_string(start) + " on, of " + std::to_string(given))));
    return;
  }
  SetBindGroup(self, c.named(), index, group, length,
               static_cast<uint32_t const*>(source.data()) + start);
}

}  // namespace

void Glue_setBindGroup(const Info& info) {
  Recorder& self = *Recorder::Of(info.This());
  const Where call{
      nullptr, NameOf(self, "GPUComputePassEncoder.setBindGroup",
                      "GPURenderPassEncoder.setBindGroup", "GPURenderBundleEncoder.setBindGroup")};
  if (info.Length() < 2) return ThrowTooFew(info, call, 2);
  if (info.Length() == 4) return ThrowTooFew(info, call, 5);
  Conversion c(*self.runtime, info.GetIsolate());
  uint32_t index = 0;
  WGPUBindGroup group = nullptr;
  if (!c.ToInteger(info[0], {&call, "index"}, &index) ||
      !(info[1]->IsNullOrUndefined() ||
        c.ToHandle(info[1], {&call, "bindGroup"}, Kind::kGPUBindGroup, &group))) {
    return;
  }
  if (info.Length() > 4) return SetBindGroupByData(info, c, self, call, index, group);
  size_t count = 0;
  uint32_t const* offsets = nullptr;
  const Where where{&call, "dynamicOffsets"};
  const auto convert = [&] {
    return c.ToSequence(info[2], where, &count, &offsets,
                        [&c](v8::Local<v8::Value> element, const Where& at, uint32_t* place) {
                          return c.ToInteger(element, at, place);
                        });
  };
  if (!info[2]->IsUndefined() && !c.Read(Reader::kDynamicOffsets, info[2], convert)) return;
  SetBindGroup(self, c.named(), index, group, count, offsets);
}

void Glue_setImmediates(const Info& info) {
  Recorder& self = *Recorder::Of(info.This());
  const Where call{nullptr, NameOf(self, "GPUComputePassEncoder.setImmediates",
                                   "GPURenderPassEncoder.setImmediates",
                                   "GPURenderBundleEncoder.setImmediates")};
  if (info.Length() < 2) return ThrowTooFew(info, call, 2);
  Conversion c(*self.runtime, info.GetIsolate());
  uint32_t at;
  uint64_t offset = 0;
  uint64_t size = 0;
  Source source;
  if (!c.ToInteger(info[0], {&call, "rangeOffset"}, &at) ||
      !source.Read(c, info[1], {&call, "data"}) ||
      !(info[2]->IsUndefined() || c.ToInteger(info[2], {&call, "dataOffset"}, &offset)) ||
      !(info[3]->IsUndefined() || c.ToInteger(info[3], {&call, "dataSize"}, &size)) ||
      // Converting the others may have taken the memory away.
      !source.Read(c, info[1], {&call, "data"}) ||
      !source.Cut(c, call, offset, !info[3]->IsUndefined(), size, 4)) {
    return;
  }
  self.Record(source.size());
  const Procs& procs = self.runtime->procs();
#ifdef DCP_WEBGPU_ABI_STABLE
  const auto compute = procs.computePassEncoderSetImmediates;
  const auto render = procs.renderPassEncoderSetImmediates;
  const auto bundle = procs.renderBundleEncoderSetImmediates;
#else
  const auto compute = procs.computePassEncoderSetImmediateData;
  const auto render = procs.renderPassEncoderSetImmediateData;
  const auto bundle = procs.renderBundleEncoderSetImmediateData;
#endif
  switch (self.kind) {
    case Kind::kGPUComputePassEncoder:
      return compute(self.handle<WGPUComputePassEncoder>(), at, source.data(), source.size());
    case Kind::kGPURenderPassEncoder:
      return render(self.handle<WGPURenderPassEncoder>(), at, source.data(), source.size());
    default:
      return bundle(self.handle<WGPURenderBundleEncoder>(), at, source.data(), source.size());
  }
}

void GPUCommandEncoder_copyBufferToBuffer(const Info& info) {
  Recorder& self = *Recorder::Of(info.This());
  static constexpr Where kCall{nullptr, "GPUCommandEncoder.copyBufferToBuffer"};
  if (info.Length() < 2) return ThrowTooFew(info, kCall, 2);
  // (source, destination, size?) or (source, sourceOffset, destination, destinationOffset, size?)
  const bool with_offsets = info.Length() > 3;
  const int destination_at = with_offsets ? 2 : 1;
  const int size_at = with_offsets ? 4 : 2;
  Conversion c(*self.runtime, info.GetIsolate());
  WGPUBuffer source;
  WGPUBuffer destination;
  uint64_t source_offset = 0;
  uint64_t destination_offset = 0;
  uint64_t size = WGPU_WHOLE_SIZE;
  if (!c.ToHandle(info[0], {&kCall, "source"}, Kind::kGPUBuffer, &source) ||
      (with_offsets && !c.ToInteger(info[1], {&kCall, "sourceOffset"}, &source_offset)) ||
      !c.ToHandle(info[destination_at], {&kCall, "destination"}, Kind::kGPUBuffer, &destination) ||
      (with_offsets && !c.ToInteger(info[3], {&kCall, "destinationOffset"}, &destination_offset))) {
    return;
  }
  if (!info[size_at]->IsUndefined()) {
    if (!c.ToInteger(info[size_at], {&kCall, "size"}, &size)) return;
  } else {
    // C has no word for the rest of the source.
    const uint64_t whole = static_cast<const Buffer*>(Object::Of(info[0].As<v8::Object>()))->size;
    size = whole > source_offset ? whole - source_offset : 0;
  }
  self.Record(0, c.named());
  self.runtime->procs().commandEncoderCopyBufferToBuffer(self.handle<WGPUCommandEncoder>(), source,
                                                         source_offset, destination,
                                                         destination_offset, size);
}

}  // namespace dcp::webgpu
