// GPU and GPUAdapter: which adapters there are, and devices of them.
#include <memory>
#include <string>
#include <vector>

#include "webgpu/attributes.h"
#include "webgpu/convert.h"
#include "webgpu/generated/dictionaries.h"
#include "webgpu/glue.h"
#include "webgpu/promise_call.h"
#include "webgpu/runtime.h"

namespace dcp::webgpu {

namespace {

std::string_view View(WGPUStringView view) {
  return view.data == nullptr ? std::string_view() : std::string_view(view.data, view.length);
}

// The adapters that Dawn shows one after another, when it is asked again because one may not be
// offered: C has no list of all. What Dawn takes for a fallback is a driver that comes with it, if
// any; one of the machine's own that computes on the CPU is one, too, and shown to the others.
WGPURequestAdapterOptions Attempt(WGPURequestAdapterOptions options, int attempt) {
#ifdef __linux__
  options.backendType = WGPUBackendType_Vulkan;
#endif
  if (attempt == 1) options.powerPreference = WGPUPowerPreference_HighPerformance;
  if (attempt == 2) options.powerPreference = WGPUPowerPreference_LowPower;
  options.forceFallbackAdapter = attempt == 3;
  return options;
}

// In the order of their names, as WebIDL reads them.
bool ConvertOptions(Conversion& c, v8::Local<v8::Value> value, const Where& where,
                    WGPURequestAdapterOptions* to, bool* known_level) {
  v8::Local<v8::Object> object;
  v8::Local<v8::Value> member;
  *known_level = true;
  to->featureLevel = WGPUFeatureLevel_Core;
  if (!c.ToDictionary(value, where, &object)) return false;
  if (!c.Get(object, Str::k_featureLevel, &member)) return false;
  if (!member->IsUndefined()) {
    WGPUStringView level;
    if (!c.ToString(member, &level)) return false;
    // An adapter that can do all of core can do what the compatibility mode asks.
    *known_level = View(level) == "core" || View(level) == "compatibility";
  }
  if (!c.Get(object, Str::k_forceFallbackAdapter, &member) ||
      !c.ToBoolean(member, &to->forceFallbackAdapter) ||
      !c.Get(object, Str::k_powerPreference, &member) ||
      !(member->IsUndefined() || c.ToEnum(member, {&where, "powerPreference"},
                                          EnumId::kGPUPowerPreference, &to->powerPreference))) {
    return false;
  }
  WGPUBool xr_compatible;
  return c.Get(object, Str::k_xrCompatible, &member) && c.ToBoolean(member, &xr_compatible);
}

struct DeviceRequest {
  WGPUStringView label{nullptr, 0};
  WGPUQueueDescriptor queue{};
  size_t feature_count = 0;
  WGPUFeatureName const* features = nullptr;
  size_t limit_count = 0;
  struct Limit {
    WGPUStringView name;
    uint64_t value;
    bool given;
  } const* limits = nullptr;
};

bool ConvertDeviceDescriptor(Conversion& c, v8::Local<v8::Value> value, const Where& where,
                             DeviceRequest* to) {
  v8::Local<v8::Object> object;
  v8::Local<v8::Value> member;
  if (!c.ToDictionary(value, where, &object)) return false;
  if (!c.Get(object, Str::k_label, &member) ||
      !(member->IsUndefined() || c.ToString(member, &to->label))) {
    return false;
  }
  const Where queue_where{&where, "defaultQueue"};
  if (!c.Get(object, Str::k_defaultQueue, &member) ||
      !ConvertGPUQueueDescriptor(c, member, queue_where, &to->queue)) {
    return false;
  }
  const Where features_where{&where, "requiredFeatures"};
  if (!c.Get(object, Str::k_requiredFeatures, &member)) return false;
  if (!member->IsUndefined() &&
      !c.ToSequence(member, features_where, &to->feature_count, &to->features,
                    [&c](v8::Local<v8::Value> element, const Where& at, WGPUFeatureName* place) {
                      return c.ToEnum(element, at, EnumId::kGPUFeatureName, place);
                    })) {
    return false;
  }
  const Where limits_where{&where, "requiredLimits"};
  if (!c.Get(object, Str::k_requiredLimits, &member)) return false;
  return member->IsUndefined() ||
         c.ToRecord(member, limits_where, &to->limit_count, &to->limits,
                    [&](v8::Local<v8::String> key, v8::Local<v8::Value> limit,
                        DeviceRequest::Limit* place) {
                      place->given = !limit->IsUndefined();
                      return c.ToString(key, &place->name) &&
                             (!place->given ||
                              c.ToInteger(limit, {&limits_where, place->name.data}, &place->value));
                    });
}

// Answers why not, or nothing.
std::string ApplyLimits(const DeviceRequest& request, const WGPULimits& supported,
                        WGPULimits* limits) {
  for (size_t index = 0; index < request.limit_count; index++) {
    const auto& asked = request.limits[index];
    const std::string_view name = View(asked.name);
    if (!asked.given) continue;
    const LimitSpec* const spec = FindLimit(name);
    if (spec == nullptr) return "no such limit: " + std::string(name);
    const uint64_t there = ReadLimit(supported, *spec);
    const bool least = name.starts_with("min");
    if (!spec->is_64_bit && asked.value > UINT32_MAX) {
      return "requiredLimits." + std::string(name) + ": at most 4294967295 expected, got " +
             std::to_string(asked.value);
    }
    if (least ? asked.value < there : asked.value > there) {
      return "requiredLimits." + std::string(name) + ": " + std::to_string(asked.value) +
             (least ? " is less than the adapter's " : " is more than the adapter's ") +
             std::to_string(there);
    }
    // A power of two, as the specification has it for alignments.
    if (least && (asked.value & (asked.value - 1)) != 0)
      return "requiredLimits." + std::string(name) + ": a power of 2 expected, got " +
             std::to_string(asked.value);
    WriteLimit(limits, *spec, asked.value);
  }
  return {};
}

void OnUncapturedError(WGPUDevice const* device, WGPUErrorType type, WGPUStringView message,
                       void* runtime, void*) {
  // None when the device is being made.
  if (device != nullptr) static_cast<Runtime*>(runtime)->Uncaptured(*device, type, message);
}

void OnDeviceLost(WGPUDevice const*, WGPUDeviceLostReason reason, WGPUStringView message,
                  void* data, void*) {
  auto* const lost = static_cast<Pending*>(data);
  lost->status = reason;
  lost->text = ToMessage(message);
  lost->is_answered = true;
  if (!lost->is_kept) lost->runtime->Complete(lost);
}

}  // namespace

bool Runtime::Offers(WGPUAdapter adapter, bool as_fallback) const {
  WGPUAdapterInfo info;
  if (procs_.adapterGetInfo(adapter, &info) != WGPUStatus_Success) return false;
  const bool is_fallback = info.adapterType == WGPUAdapterType_CPU;
  const bool offered =
      (is_fallback || !as_fallback) &&
      (!options_.offers ||
       options_.offers({View(info.vendor), View(info.architecture), View(info.device),
                        View(info.description), info.vendorID, info.deviceID, is_fallback}));
  procs_.adapterInfoFreeMembers(info);
  return offered;
}

void Runtime::AskForAdapter(Pending* pending) {
  const WGPURequestAdapterOptions options = Attempt(pending->adapter_options, pending->attempt);
  WGPURequestAdapterCallbackInfo callback;
  callback.callback = [](WGPURequestAdapterStatus status, WGPUAdapter adapter,
                         WGPUStringView message, void* data, void*) {
    auto* const answered = static_cast<Pending*>(data);
    answered->status = status;
    answered->handle = adapter;
    answered->text = ToMessage(message);
    answered->runtime->Complete(answered);
  };
  callback.userdata1 = pending;
  pending->future = procs_.instanceRequestAdapter(instance_, &options, callback);
}

void GPU_requestAdapter(const Info& info) {
  static constexpr Where kCall{nullptr, "GPU.requestAdapter"};
  PromiseCall call(info, Kind::kGPU, kCall.name);
  Object* const self = call.self();
  if (self == nullptr) return;
  Conversion c(*self->runtime, info.GetIsolate());
  WGPURequestAdapterOptions options{};
  bool known_level;
  const Where where{&kCall, "options"};
  if (!ConvertOptions(c, info[0], where, &options, &known_level)) return;
  if (!known_level) {
    ResolvePromise(call.resolver(), c.context(), v8::Null(info.GetIsolate()));
    return;
  }
  Pending* const pending =
      self->runtime->Begin(Pending::Kind::kAdapter, call.resolver(), info.This());
  pending->adapter_options = options;
  self->runtime->AskForAdapter(pending);
}

void GPU_getPreferredCanvasFormat(const Info& info) {
  info.GetReturnValue().Set(Object::Of(info.This())->runtime->strings().Get(Str::k_bgra8unorm));
}

void GPU_wgslLanguageFeatures(const Info& info) {
  Attribute(info, field::kFeatures, [](Runtime& runtime, const Object&) {
    WGPUSupportedWGSLLanguageFeatures features;
    runtime.procs().instanceGetWGSLLanguageFeatures(runtime.instance(), &features);
    std::vector<v8::Local<v8::Value>> names;
    for (size_t index = 0; index < features.featureCount; index++) {
      for (const WgslFeature& known : kWgslFeatures) {
        if (known.value == features.features[index]) names.push_back(runtime.String(known.name));
      }
    }
    runtime.procs().supportedWGSLLanguageFeaturesFreeMembers(features);
    return MakeFeatures(runtime, Maker::kNewLanguageFeatures, names);
  });
}

void GPUAdapter_features(const Info& info) {
  Attribute(info, field::kFeatures, [](Runtime& runtime, const Object& self) {
    WGPUSupportedFeatures features;
    runtime.procs().adapterGetFeatures(self.handle<WGPUAdapter>(), &features);
    return MakeFeatures(runtime, features);
  });
}

void GPUAdapter_limits(const Info& info) {
  Attribute(info, field::kLimits, [](Runtime& runtime, const Object& self) {
    WGPULimits limits;
    runtime.procs().adapterGetLimits(self.handle<WGPUAdapter>(), &limits);
    return MakeLimits(runtime, limits);
  });
}

void GPUAdapter_info(const Info& info) {
  Attribute(info, field::kInfo, [](Runtime& runtime, const Object& self) {
    WGPUAdapterInfo adapter;
    runtime.procs().adapterGetInfo(self.handle<WGPUAdapter>(), &adapter);
    return MakeAdapterInfo(runtime, adapter);
  });
}

void GPUAdapter_requestDevice(const Info& info) {
  static constexpr Where kCall{nullptr, "GPUAdapter.requestDevice"};
  PromiseCall call(info, Kind::kGPUAdapter, kCall.name);
  Object* const self = call.self();
  if (self == nullptr) return;
  Runtime& runtime = *self->runtime;
  const Procs& procs = runtime.procs();
  Conversion c(runtime, info.GetIsolate());
  DeviceRequest request;
  const Where where{&kCall, "descriptor"};
  if (!ConvertDeviceDescriptor(c, info[0], where, &request)) return;
  const auto adapter = self->handle<WGPUAdapter>();
  for (size_t index = 0; index < request.feature_count; index++) {
    if (procs.adapterHasFeature(adapter, request.features[index])) continue;
    const auto name = runtime.EnumString(EnumId::kGPUFeatureName, request.features[index]);
    c.Fail({&where, "requiredFeatures"}, "the adapter does not have the feature " + c.Show(name));
    return;
  }
  if (static_cast<const Adapter*>(self)->consumed)
    return call.RejectDOMException("OperationError", std::string(kCall.name) + ": " + kConsumed);
  WGPULimits supported;
  WGPULimits limits{};
  procs.adapterGetLimits(adapter, &supported);
  if (const std::string why = ApplyLimits(request, supported, &limits); !why.empty())
    return call.RejectDOMException("OperationError", std::string(kCall.name) + ": " + why);

  if (!runtime.HasRoomForDevice()) {
    return call.RejectDOMException(
        "OperationError", std::string(kCall.name) + ": the Sandbox has as many devices as it may");
  }
  Pending* const pending = runtime.Begin(Pending::Kind::kDevice, call.resolver(), info.This());
  Pending* const lost = runtime.Begin(Pending::Kind::kLost, {}, {});
  lost->is_kept = true;
  pending->lost = lost;
  pending->SetLabel(pending->label, request.label);
  pending->SetLabel(pending->queue_label, c.content(request.queue.label).label);
  WGPUDeviceDescriptor descriptor{};
  descriptor.label = CutLabel(request.label);
  descriptor.defaultQueue = request.queue;
  descriptor.requiredFeatureCount = request.feature_count;
  descriptor.requiredFeatures = request.features;
  descriptor.requiredLimits = request.limit_count > 0 ? &limits : nullptr;
  descriptor.deviceLostCallbackInfo.callback = OnDeviceLost;
  descriptor.deviceLostCallbackInfo.userdata1 = lost;
  descriptor.uncapturedErrorCallbackInfo.callback = OnUncapturedError;
  descriptor.uncapturedErrorCallbackInfo.userdata1 = &runtime;
  WGPURequestDeviceCallbackInfo callback;
  callback.callback = [](WGPURequestDeviceStatus status, WGPUDevice device, WGPUStringView message,
                         void* data, void*) {
    auto* const answered = static_cast<Pending*>(data);
    answered->status = status;
    answered->handle = device;
    answered->text = ToMessage(message);
    answered->runtime->Complete(answered);
  };
  callback.userdata1 = pending;
  pending->future = procs.adapterRequestDevice(adapter, &descriptor, callback);
}

}  // namespace dcp::webgpu
