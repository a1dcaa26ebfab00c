#include "webgpu/attributes.h"

#include <algorithm>
#include <cstring>
#include <memory>
#include <string>

namespace dcp::webgpu {

v8::MaybeLocal<v8::Value> MakeFeatures(const Runtime& runtime, Maker maker,
                                       std::vector<v8::Local<v8::Value>>& names) {
  v8::Local<v8::Value> list = v8::Array::New(runtime.isolate(), names.data(), names.size());
  return runtime.Make(maker, 1, &list);
}

v8::MaybeLocal<v8::Value> MakeFeatures(const Runtime& runtime,
                                       const WGPUSupportedFeatures& features) {
  std::vector<v8::Local<v8::Value>> names;
  for (size_t index = 0; index < features.featureCount; index++) {
    Str name;
    // Dawn has features of its own, which WebGPU does not know.
    if (runtime.strings().EnumName(EnumId::kGPUFeatureName, features.features[index], &name))
      names.push_back(runtime.strings().Get(name));
  }
  runtime.procs().supportedFeaturesFreeMembers(features);
  return MakeFeatures(runtime, Maker::kNewFeatures, names);
}

namespace {

// https://www.w3.org/TR/webgpu/#normalized-identifier-string
std::string ToIdentifier(WGPUStringView text) {
  std::string identifier;
  bool parts = false;
  for (char c : ToText(text)) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c + ('a' - 'A'));
    if ((c < 'a' || c > 'z') && (c < '0' || c > '9')) {
      parts = true;
      continue;
    }
    if (parts && !identifier.empty()) identifier.push_back('-');
    parts = false;
    identifier.push_back(c);
  }
  return identifier;
}

}  // namespace

v8::MaybeLocal<v8::Value> MakeAdapterInfo(const Runtime& runtime, const WGPUAdapterInfo& info) {
  v8::Isolate* isolate = runtime.isolate();
  v8::Local<v8::Value> argv[] = {
      runtime.String(ToIdentifier(info.vendor)),
      runtime.String(ToIdentifier(info.architecture)),
      runtime.String(ToIdentifier(info.device)),
      runtime.String(ToText(info.description)),
      v8::Integer::NewFromUnsigned(isolate, info.subgroupMinSize),
      v8::Integer::NewFromUnsigned(isolate, info.subgroupMaxSize),
      v8::Boolean::New(isolate, info.adapterType == WGPUAdapterType_CPU),
  };
  runtime.procs().adapterInfoFreeMembers(info);
  return runtime.Make(Maker::kNewAdapterInfo, 7, argv);
}

v8::MaybeLocal<v8::Value> MakeLimits(Runtime& runtime, const WGPULimits& limits) {
  v8::Local<v8::Object> wrapper;
  if (!runtime.Wrap(std::make_unique<Limits>(&runtime, limits), {}).ToLocal(&wrapper)) return {};
  return wrapper;
}

const LimitSpec* FindLimit(std::string_view name) {
  const auto* const found =
      std::find_if(std::begin(kLimits), std::end(kLimits),
                   [name](const LimitSpec& each) { return each.name == name; });
  return found == std::end(kLimits) ? nullptr : found;
}

uint64_t ReadLimit(const WGPULimits& limits, const LimitSpec& limit) {
  const char* const place = reinterpret_cast<const char*>(&limits) + limit.offset;
  if (limit.is_64_bit) {
    uint64_t value;
    std::memcpy(&value, place, sizeof value);
    return value;
  }
  uint32_t value;
  std::memcpy(&value, place, sizeof value);
  return value;
}

void WriteLimit(WGPULimits* limits, const LimitSpec& limit, uint64_t value) {
  char* const place = reinterpret_cast<char*>(limits) + limit.offset;
  if (limit.is_64_bit) {
    std::memcpy(place, &value, sizeof value);
  } else {
    const auto narrow = static_cast<uint32_t>(value);
    std::memcpy(place, &narrow, sizeof narrow);
  }
}

}  // namespace dcp::webgpu
