#include <dlfcn.h>

#include <algorithm>
#include <cstring>
#include <iterator>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>

#include "webgpu/gpu.h"
#include "webgpu/runtime.h"

namespace dcp::webgpu {

namespace {

// Futures that one call may wait for.
constexpr size_t kMaxWaits = 64;

std::string LastError() {
  // NOLINTNEXTLINE(concurrency-mt-unsafe): the C libraries we run on keep one for each thread.
  const char* const text = dlerror();
  return text == nullptr ? "unknown error" : text;
}

// Dawn and V8 are both built with Abseil, of different versions, and Node 24 exports V8's: without
// RTLD_DEEPBIND Dawn would be bound to functions that do not know its tables. AddressSanitizer
// refuses the flag.
#if defined(RTLD_DEEPBIND) && !defined(__SANITIZE_ADDRESS__)
constexpr int kOwnSymbolsFirst = RTLD_DEEPBIND;
#else
constexpr int kOwnSymbolsFirst = 0;
#endif

bool HasAllTelltales(void* library, std::string_view abi) {
  return std::all_of(std::begin(kTelltales), std::end(kTelltales), [&](const Telltale& each) {
    return abi != each.abi || dlsym(library, each.symbol) != nullptr;
  });
}

// Why a library must not be used, empty when it may. In another ABI, enums have other numbers and
// structs other lengths, of which neither side would notice.
std::string OtherAbi(void* library) {
  std::string abis;
  for (const Telltale& each : kTelltales) {
    if (abis.find(each.abi) != std::string::npos || !HasAllTelltales(library, each.abi)) continue;
    abis += (abis.empty() ? "" : " and ") + std::string(each.abi);
  }
  if (abis == kAbi) return {};
  const std::string expected = " of webgpu.h, and the addon was built for the ABI " +
                               std::string(kAbi) + " (-DDAWN_ABI of the build)";
  return (abis.empty() ? "it has no known ABI" : "it has the ABI " + abis) + expected;
}

WGPUInstance CreateInstance(const Procs& procs) {
  WGPUInstanceDescriptor descriptor{};
#ifdef DCP_WEBGPU_ABI_STABLE
  // Waiting with a time limit.
  static constexpr WGPUInstanceFeatureName kFeatures[] = {WGPUInstanceFeatureName_TimedWaitAny};
  WGPUInstanceLimits limits{};
  limits.timedWaitAnyMaxCount = kMaxWaits;
  descriptor.requiredFeatureCount = 1;
  descriptor.requiredFeatures = kFeatures;
  descriptor.requiredLimits = &limits;
#else
  descriptor.capabilities.timedWaitAnyEnable = 1;
  descriptor.capabilities.timedWaitAnyMaxCount = kMaxWaits;
#endif
  return procs.createInstance(&descriptor);
}

}  // namespace

const Library* Library::Open(const std::string& path, std::string* why_not) {
  static std::mutex mutex;
  static const Library* opened = nullptr;
  const std::lock_guard lock(mutex);
  if (opened != nullptr) {
    if (opened->path() == path) return opened;
    *why_not = opened->path() + " is open already, and " + path + " is another library";
    return nullptr;
  }
  void* const handle = dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL | kOwnSymbolsFirst);
  if (handle == nullptr) {
    *why_not = LastError();
    return nullptr;
  }
  *why_not = OtherAbi(handle);
  if (!why_not->empty()) return nullptr;
  auto procs = std::make_unique<Procs>();
  for (const ProcName& name : kProcNames) {
    void* const symbol = dlsym(handle, name.symbol);
    if (symbol == nullptr) {
      *why_not =
          std::string("it has the ABI ") + kAbi + " of webgpu.h, but no function " + name.symbol;
      return nullptr;
    }
    std::memcpy(reinterpret_cast<char*>(procs.get()) + name.offset, &symbol, sizeof symbol);
  }
  // A module of asm.js would keep the memory of a mapped buffer for good: V8 ends the process when
  // it is taken away. They run as the JavaScript that they are, also those of others in the
  // process.
  v8::V8::SetFlagsFromString("--no-validate-asm");
  // Both stay as long as the process does.
  opened = new Library(path, procs.release());
  return opened;
}

std::unique_ptr<Gpu> Gpu::Create(const Library& library, v8::Isolate* isolate, GpuOptions options,
                                 std::string* why_not) {
  const WGPUInstance instance = CreateInstance(library.procs());
  if (instance == nullptr) {
    *why_not = library.path() + " refuses an instance of WebGPU";
    return nullptr;
  }
  return std::make_unique<Runtime>(library, instance, isolate, std::move(options));
}

}  // namespace dcp::webgpu
