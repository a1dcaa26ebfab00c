// Public to native/: WebGPU for one Sandbox, bound to a Dawn library that is opened at run time.
#pragma once

#include <v8.h>

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

namespace dcp::webgpu {

struct Procs;

// A library with the C interface of webgpu.h, in the ABI this addon was generated for. Opened once
// per process and never closed: threads of the driver run on. Usable from any thread.
class Library {
 public:
  // The library at `path`, opened at the first call; later calls must name the same one. Null with
  // the reason when it cannot be loaded, has another ABI, lacks a function, or another one is open.
  static const Library* Open(const std::string& path, std::string* why_not);

  const Procs& procs() const { return *procs_; }
  const std::string& path() const { return path_; }

 private:
  Library(std::string path, const Procs* procs) : path_(std::move(path)), procs_(procs) {}

  const std::string path_;
  const Procs* const procs_;
};

// What an adapter says of itself (WGPUAdapterInfo).
struct AdapterDescription {
  std::string_view vendor;
  std::string_view architecture;
  std::string_view device;
  std::string_view description;
  uint32_t vendor_id;
  uint32_t device_id;
  // A software rasteriser.
  bool software;
};

struct GpuOptions {
  // Whether the Sandbox may have this adapter. Empty: any.
  std::function<bool(const AdapterDescription&)> offers;
  // Of all buffers, textures and query sets together. Beyond, creating one is an out-of-memory
  // error of its device, after a garbage collection has been tried.
  uint64_t memory_bytes = UINT64_MAX;
  // Of what queues were given to write and have not written, which is on the memory of the process:
  // beyond, writes wait for the GPU.
  uint64_t staged_bytes = UINT64_MAX;
  uint32_t buffers = UINT32_MAX;
  uint32_t pipelines = UINT32_MAX;
};

// Read by any thread, written by the executing one.
struct GpuCounters {
  // Bytes of buffers and, by estimate, of textures and query sets, which are not destroyed.
  std::atomic<uint64_t> memory_bytes{0};
  std::atomic<uint32_t> buffers{0};
  std::atomic<uint32_t> textures{0};
  std::atomic<uint32_t> pipelines{0};
  std::atomic<uint32_t> devices{0};
  // Of the process, by estimate: what Dawn and we keep for objects, texts and recorded commands,
  // and the bytes that queues were given to write until they are seen to be done.
  std::atomic<uint64_t> host_bytes{0};
  // Calls of GPUQueue.submit().
  std::atomic<uint64_t> submits{0};
  // Since when some queue works on what was submitted to it, 0: none does. Noticed by Poll() and
  // WaitIdle(). Milliseconds of the monotonic clock.
  std::atomic<double> busy_since_ms{0};
  // How long queues have worked before that, in all.
  std::atomic<double> busy_ms{0};
  // Pipelines that were asked for asynchronously and are still being made, as noticed likewise.
  std::atomic<uint32_t> compiling{0};
};

// All WebGPU of one isolate: one WGPUInstance and what was made of it. Used on the executing thread
// only, with the isolate entered; only the counters may be read by others. Moves between threads
// with its isolate.
class Gpu {
 public:
  // Null with the reason when the library refuses an instance.
  static std::unique_ptr<Gpu> Create(const Library& library, v8::Isolate* isolate,
                                     GpuOptions options, std::string* why_not);
  // Release() must have been called, in the isolate's scopes.
  virtual ~Gpu() = default;

  // Makes the interface objects: an object with those that become globals, by name, and `gpu`, what
  // is to be `navigator.gpu`. `classes` is what src/sandbox/environment/webgpu.ts gives (see
  // there). Once. Empty with an exception pending.
  virtual v8::MaybeLocal<v8::Object> Install(v8::Local<v8::Context> context,
                                             v8::Local<v8::Object> classes) = 0;

  // Something was asked of a GPU that has not been answered, or an event waits for delivery.
  // `device.lost` does not count.
  virtual bool HasPendingWork() const = 0;
  // Waits at most so long for the GPU, settles promises and fires events; the caller runs promise
  // jobs afterwards. True when anything was settled. In a Context::Scope. Exceptions of listeners
  // are reported by the prelude.
  virtual bool Poll(uint64_t timeout_ns) = 0;

  // Waits at most so long until no queue works on anything and no pipeline is being made. Settles
  // nothing and runs no JavaScript; needs no scopes.
  virtual void WaitIdle(uint64_t timeout_ns) = 0;

  // V8 was asked for an interrupt: the next call of WebGPU lets it happen. V8 itself looks once in
  // some thousand turns of a loop, which is seconds when each turn is a slow call. Any thread.
  virtual void HeedInterrupt() = 0;

  // Objects whose JavaScript has been collected go now, not at the next turn.
  virtual void Bury() = 0;

  virtual const GpuCounters& counters() const = 0;

  // Every GPU object goes and devices are destroyed; nothing of WebGPU works afterwards. Must not
  // be called while a shader runs that does not end, or a pipeline is being made for long: it would
  // wait for it. (A Sandbox with such a one is left alone as it is, for good.)
  virtual void Release() = 0;
};

}  // namespace dcp::webgpu
