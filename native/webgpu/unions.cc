#include "webgpu/unions.h"

#include <string>

#include "webgpu/generated/dictionaries.h"
#include "webgpu/object.h"
#include "webgpu/runtime.h"

namespace dcp::webgpu {

namespace {

// A sequence of numbers if it is iterable; `*count` stays as it is when it is not.
template <typename Number, typename ConvertNumber>
bool ConvertNumbers(Conversion& c, v8::Local<v8::Value> value, const Where& where, size_t least,
                    size_t most, size_t* count, Number const** numbers, ConvertNumber&& convert) {
  if (!value->IsObject()) return true;
  v8::Local<v8::Value> method;
  const auto object = value.As<v8::Object>();
  if (!c.GetIterator(object, &method)) return false;
  if (method->IsNullOrUndefined()) return true;
  if (!c.ToSequenceBy(method, object, where, count, numbers, convert)) return false;
  if (*count >= least && *count <= most) return true;
  return c.Fail(where, (least == most ? std::to_string(least)
                                      : std::to_string(least) + " to " + std::to_string(most)) +
                           " numbers expected, got " + std::to_string(*count));
}

constexpr size_t kNoSequence = SIZE_MAX;

bool ConvertCoordinates(Conversion& c, v8::Local<v8::Value> value, const Where& where, size_t least,
                        size_t* count, uint32_t const** numbers) {
  return ConvertNumbers<uint32_t>(
      c, value, where, least, 3, count, numbers,
      [&c](v8::Local<v8::Value> element, const Where& at, uint32_t* place) {
        return c.ToInteger(element, at, place);
      });
}

}  // namespace

bool ConvertColor(Conversion& c, v8::Local<v8::Value> value, const Where& where, WGPUColor* to) {
  size_t count = kNoSequence;
  double const* numbers = nullptr;
  if (!ConvertNumbers<double>(c, value, where, 4, 4, &count, &numbers,
                              [&c](v8::Local<v8::Value> element, const Where& at, double* place) {
                                return c.ToNumber(element, at, place);
                              })) {
    return false;
  }
  if (count == kNoSequence) return ConvertGPUColorDict(c, value, where, to);
  *to = {numbers[0], numbers[1], numbers[2], numbers[3]};
  return true;
}

bool ConvertExtent3D(Conversion& c, v8::Local<v8::Value> value, const Where& where,
                     WGPUExtent3D* to) {
  size_t count = kNoSequence;
  uint32_t const* numbers = nullptr;
  if (!ConvertCoordinates(c, value, where, 1, &count, &numbers)) return false;
  if (count == kNoSequence) return ConvertGPUExtent3DDict(c, value, where, to);
  *to = {numbers[0], count > 1 ? numbers[1] : 1, count > 2 ? numbers[2] : 1};
  return true;
}

bool ConvertOrigin3D(Conversion& c, v8::Local<v8::Value> value, const Where& where,
                     WGPUOrigin3D* to) {
  size_t count = kNoSequence;
  uint32_t const* numbers = nullptr;
  if (!ConvertCoordinates(c, value, where, 0, &count, &numbers)) return false;
  if (count == kNoSequence) return ConvertGPUOrigin3DDict(c, value, where, to);
  *to = {count > 0 ? numbers[0] : 0, count > 1 ? numbers[1] : 0, count > 2 ? numbers[2] : 0};
  return true;
}

bool ConvertTextureView(Conversion& c, v8::Local<v8::Value> value, const Where& where,
                        WGPUTextureView* to) {
  if (!c.runtime.IsA(value, Kind::kGPUTexture)) {
    if (c.runtime.IsA(value, Kind::kGPUTextureView))
      return c.ToHandle(value, where, Kind::kGPUTextureView, to);
    return c.Fail(where, "a GPUTexture or GPUTextureView expected, got " + c.Show(value));
  }
  const Object* const texture = Object::Of(value.As<v8::Object>());
  if (!c.Note(*texture)) return false;
  *to = c.runtime.procs().textureCreateView(texture->handle<WGPUTexture>(), nullptr);
  c.Own(*to);
  return true;
}

bool ConvertPipelineLayout(Conversion& c, v8::Local<v8::Value> value, const Where& where,
                           WGPUPipelineLayout* to) {
  if (c.runtime.IsA(value, Kind::kGPUPipelineLayout))
    return c.ToHandle(value, where, Kind::kGPUPipelineLayout, to);
  WGPUStringView text;
  if (!c.ToString(value, &text)) return false;
  if (std::string_view(text.data, text.length) == "auto") return true;
  return c.Fail(where, "a GPUPipelineLayout or 'auto' expected, got " + c.Show(value));
}

bool ConvertBindingResource(Conversion& c, v8::Local<v8::Value> value, const Where& where,
                            WGPUBindGroupEntry* to) {
  if (const Object* const object = Object::OfAny(value)) {
    switch (object->kind) {
      case Kind::kGPUBuffer:
        to->buffer = object->handle<WGPUBuffer>();
        return c.Note(*object);
      case Kind::kGPUSampler:
        to->sampler = object->handle<WGPUSampler>();
        return true;
      case Kind::kGPUTextureView:
      case Kind::kGPUTexture:
        return ConvertTextureView(c, value, where, &to->textureView);
      default:
        break;
    }
  }
  v8::Local<v8::Object> object;
  v8::Local<v8::Value> member;
  if (!c.ToDictionary(value, where, &object)) return false;
  if (!c.Get(object, Str::k_buffer, &member)) return false;
  if (member->IsUndefined()) return c.Missing(where, "buffer");
  if (!c.ToHandle(member, {&where, "buffer"}, Kind::kGPUBuffer, &to->buffer)) return false;
  if (!c.Get(object, Str::k_offset, &member)) return false;
  if (!member->IsUndefined() && !c.ToInteger(member, {&where, "offset"}, &to->offset)) return false;
  if (!c.Get(object, Str::k_size, &member)) return false;
  return member->IsUndefined() || c.ToInteger(member, {&where, "size"}, &to->size);
}

}  // namespace dcp::webgpu
