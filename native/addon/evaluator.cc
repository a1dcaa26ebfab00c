#include "addon/evaluator.h"

#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <utility>

#include "addon/columns.h"
#include "addon/executor.h"

namespace dcp {

namespace {

uint32_t Uint32(Napi::Value value) { return value.As<Napi::Number>().Uint32Value(); }
double Double(Napi::Value value) { return value.As<Napi::Number>().DoubleValue(); }
std::string String(Napi::Value value) { return value.As<Napi::String>().Utf8Value(); }
std::vector<std::string> StringsOf(Napi::Array array) {
  std::vector<std::string> strings;
  for (uint32_t i = 0; i < array.Length(); i++) strings.push_back(String(array.Get(i)));
  return strings;
}

// The compiled code of our own scripts outlives evaluators, so that the next one starts as fast.
void KeepForGood(std::shared_ptr<const SandboxScripts> scripts) {
  static std::mutex mutex;
  static auto* kept = new std::map<SharedScript*, std::shared_ptr<const SandboxScripts>>();
  std::lock_guard lock(mutex);
  SharedScript* prelude = scripts->prelude.get();
  kept->emplace(prelude, std::move(scripts));
}

// { prelude, groups: [{ name, globals, source }] }
std::shared_ptr<const SandboxScripts> ScriptsOf(Napi::Object object) {
  auto scripts = std::make_shared<SandboxScripts>();
  scripts->prelude = SharedScript::Get(PreludeScript(), String(object.Get("prelude")));
  const auto groups = object.Get("groups").As<Napi::Array>();
  for (uint32_t i = 0; i < groups.Length(); i++) {
    const auto described = groups.Get(i).As<Napi::Object>();
    GlobalGroup group{String(described.Get("name")), {}, nullptr};
    const auto globals = described.Get("globals").As<Napi::Array>();
    for (uint32_t k = 0; k < globals.Length(); k++) group.globals.push_back(String(globals.Get(k)));
    group.script = SharedScript::Get(GroupScript(group.name), String(described.Get("source")));
    scripts->groups.push_back(std::move(group));
  }
  return scripts;
}

}  // namespace

Napi::Function NativeEvaluator::Define(Napi::Env env) {
  return DefineClass(env, "NativeEvaluator",
                     {
                         InstanceAccessor<&NativeEvaluator::QueueId>("queueId"),
                         InstanceMethod<&NativeEvaluator::CreateSandbox>("createSandbox"),
                         InstanceMethod<&NativeEvaluator::OfferGpu>("offerGpu"),
                         InstanceMethod<&NativeEvaluator::RefuseGpu>("refuseGpu"),
                         InstanceMethod<&NativeEvaluator::Assign>("assign"),
                         InstanceMethod<&NativeEvaluator::Run>("run"),
                         InstanceMethod<&NativeEvaluator::Answer>("answer"),
                         InstanceMethod<&NativeEvaluator::Release>("release"),
                         InstanceMethod<&NativeEvaluator::Inspect>("inspect"),
                         InstanceMethod<&NativeEvaluator::DefineClassic>("defineClassic"),
                         InstanceMethod<&NativeEvaluator::CreateClassic>("createClassic"),
                         InstanceMethod<&NativeEvaluator::Read>("read"),
                         InstanceMethod<&NativeEvaluator::EndInput>("endInput"),
                         InstanceMethod<&NativeEvaluator::TakeOutput>("takeOutput"),
                         InstanceMethod<&NativeEvaluator::ReleaseOutput>("releaseOutput"),
                         InstanceMethod<&NativeEvaluator::Dispose>("dispose"),
                         InstanceMethod<&NativeEvaluator::Forget>("forget"),
                         InstanceMethod<&NativeEvaluator::Ref>("ref"),
                         InstanceMethod<&NativeEvaluator::Unref>("unref"),
                         InstanceMethod<&NativeEvaluator::Stop>("stop"),
                         InstanceMethod<&NativeEvaluator::Close>("close"),
                         InstanceMethod<&NativeEvaluator::Stats>("stats"),
                     });
}

// new NativeEvaluator(scripts, onEvents)
NativeEvaluator::NativeEvaluator(const Napi::CallbackInfo& info) : ObjectWrap(info) {
  v8::Isolate* isolate = v8::Isolate::GetCurrent();
  platform_ =
      node::GetMultiIsolatePlatform(node::GetCurrentEnvironment(isolate->GetCurrentContext()));
  queue_ = RunQueue::Create();
  queue_id_ = Queues::Add(queue_);
  channel_ = std::make_shared<EventChannel>(info.Env(), info[1].As<Napi::Function>());
  scripts_ = ScriptsOf(info[0].As<Napi::Object>());
  KeepForGood(scripts_);
}

// Runs when the environment ends without close(), too: its executors are gone by then.
NativeEvaluator::~NativeEvaluator() {
  // Node has ended the function, or is about to: only what would still call it must stop.
  channel_->Mute();
  Shutdown();
}

void NativeEvaluator::Shutdown() {
  Queues::Remove(queue_id_);
  queue_->Stop();
  queue_->Clear();
  for (auto& [id, sandbox] : sandboxes_) sandbox->Abandon();
  for (auto& [id, sandbox] : classic_sandboxes_) sandbox->Abandon();
  sandboxes_.clear();
  classic_sandboxes_.clear();
}

Napi::Value NativeEvaluator::QueueId(const Napi::CallbackInfo& info) {
  return Napi::Number::New(info.Env(), queue_id_);
}

// createSandbox(id, heapBytes, bufferBytes, resultBytes, gpuBytes, gpuBuffers, gpuPipelines,
// inspected)
void NativeEvaluator::CreateSandbox(const Napi::CallbackInfo& info) {
  const uint32_t id = Uint32(info[0]);
  const auto bytes = [&](size_t index) { return static_cast<size_t>(Double(info[index])); };
  auto sandbox = Sandbox::Create<SliceSandbox>(
      SandboxOptions{id, platform_, scripts_, bytes(1), bytes(2), bytes(3),
                     GpuLimits{bytes(4), Uint32(info[5]), Uint32(info[6])},
                     info[7].As<Napi::Boolean>().Value()},
      queue_, channel_);
  sandboxes_[id] = sandbox;
  sandbox->Wake();
}

// offerGpu(library, adapters, bannedAdapters, software): why the library cannot be used
Napi::Value NativeEvaluator::OfferGpu(const Napi::CallbackInfo& info) {
  auto offer = std::make_shared<GpuOffer>();
  offer->library = webgpu::Library::Open(String(info[0]), &offer->why_not);
  offer->allowed = StringsOf(info[1].As<Napi::Array>());
  offer->banned = StringsOf(info[2].As<Napi::Array>());
  offer->software = info[3].As<Napi::Boolean>().Value();
  gpu_offer_ = offer;
  return Napi::String::New(info.Env(), offer->why_not);
}

// refuseGpu(whyNot)
void NativeEvaluator::RefuseGpu(const Napi::CallbackInfo& info) {
  auto offer = std::make_shared<GpuOffer>();
  offer->why_not = String(info[0]);
  gpu_offer_ = offer;
}

SliceSandbox* NativeEvaluator::Find(const Napi::CallbackInfo& info) {
  const auto found = sandboxes_.find(Uint32(info[0]));
  return found == sandboxes_.end() ? nullptr : found->second.get();
}

ClassicSandbox* NativeEvaluator::FindClassic(const Napi::CallbackInfo& info) {
  const auto found = classic_sandboxes_.find(Uint32(info[0]));
  return found == classic_sandboxes_.end() ? nullptr : found->second.get();
}

Sandbox* NativeEvaluator::FindAny(const Napi::CallbackInfo& info) {
  Sandbox* of_slices = Find(info);
  return of_slices != nullptr ? of_slices : FindClassic(info);
}

namespace {

// [script, sourceMap, ...assets], or null
std::optional<Modules> ModulesOf(Napi::Value value) {
  if (value.IsNull()) return std::nullopt;
  std::vector<Bytes> parts = SegmentsOf(value.As<Napi::Array>());
  Modules modules;
  modules.script = SharedScript::Get(
      ModulesScript(), std::string(reinterpret_cast<const char*>(parts[0].data), parts[0].size));
  modules.source_map = std::move(parts[1]);
  parts.erase(parts.begin(), parts.begin() + 2);
  modules.assets = std::move(parts);
  return modules;
}

}  // namespace

// assign(id, description, plain, workFunction, modules, argumentsHead, argumentsSegments,
// sliceTimeoutMs, progressTimeoutMs, cpuTimeoutMs, gpuTimeoutMs, webgpu)
void NativeEvaluator::Assign(const Napi::CallbackInfo& info) {
  if (SliceSandbox* sandbox = Find(info)) {
    sandbox->Assign({String(info[1]),
                     info[2].As<Napi::Boolean>().Value(),
                     String(info[3]),
                     ModulesOf(info[4]),
                     {BytesOf(info[5]), SegmentsOf(info[6].As<Napi::Array>())},
                     {Double(info[7]), Double(info[8]), Double(info[9]), Double(info[10])},
                     info[11].As<Napi::Boolean>().Value() ? gpu_offer_ : nullptr});
  }
}

// run(id, numbers, heads, headEnds, segments, segmentEnds)
void NativeEvaluator::Run(const Napi::CallbackInfo& info) {
  if (SliceSandbox* sandbox = Find(info)) {
    sandbox->Run({NumbersOf(info[1]),
                  {BytesOf(info[2]), NumbersOf(info[3]), TakeSegments(info[4].As<Napi::Array>()),
                   NumbersOf(info[5])}});
  }
}

// answer(id, request, text, segments)
void NativeEvaluator::Answer(const Napi::CallbackInfo& info) {
  if (SliceSandbox* sandbox = Find(info)) {
    sandbox->Reply({Double(info[1]), String(info[2]), TakeSegments(info[3].As<Napi::Array>())});
  }
}

// release(id, bytes): events of so many bytes are done with.
void NativeEvaluator::Release(const Napi::CallbackInfo& info) {
  if (SliceSandbox* sandbox = Find(info)) {
    sandbox->Release(static_cast<size_t>(Double(info[1])), info[2].ToBoolean());
  }
}

// inspect(id, command, message)
void NativeEvaluator::Inspect(const Napi::CallbackInfo& info) {
  if (SliceSandbox* sandbox = Find(info)) {
    sandbox->Inspect({static_cast<InspectorCommand::Kind>(Uint32(info[1])),
                      info[2].As<Napi::String>().Utf16Value()});
  }
}

// defineClassic(names, sources, webgpuScript): a number for createClassic()
Napi::Value NativeEvaluator::DefineClassic(const Napi::CallbackInfo& info) {
  auto setup = std::make_shared<ClassicSetup>();
  const std::vector<std::string> names = StringsOf(info[0].As<Napi::Array>());
  const std::vector<Bytes> sources = SegmentsOf(info[1].As<Napi::Array>());
  for (size_t index = 0; index < names.size(); index++) {
    const Bytes& source = sources[index];
    setup->startup.push_back(std::make_shared<StartupScript>(
        names[index],
        TakeLongTexts(std::string(reinterpret_cast<const char*>(source.data), source.size),
                      &setup->long_texts)));
  }
  setup->webgpu = SharedScript::Get(ClassicWebgpuScript(), String(info[2]));
  setup->gpu = gpu_offer_;
  classic_setups_.push_back(std::move(setup));
  return Napi::Number::New(info.Env(), static_cast<double>(classic_setups_.size() - 1));
}

// createClassic(id, setup, heapBytes, bufferBytes, gpuBytes, gpuBuffers, gpuPipelines)
void NativeEvaluator::CreateClassic(const Napi::CallbackInfo& info) {
  const uint32_t id = Uint32(info[0]);
  const auto bytes = [&](size_t index) { return static_cast<size_t>(Double(info[index])); };
  auto sandbox = Sandbox::Create<ClassicSandbox>(
      SandboxOptions{id, platform_, scripts_, bytes(2), bytes(3), 0,
                     GpuLimits{bytes(4), Uint32(info[5]), Uint32(info[6])}},
      classic_setups_[Uint32(info[1])], queue_, channel_);
  classic_sandboxes_[id] = sandbox;
  sandbox->Wake();
}

// read(id, chunk): whether no more should come until the event 'room'
Napi::Value NativeEvaluator::Read(const Napi::CallbackInfo& info) {
  ClassicSandbox* sandbox = FindClassic(info);
  return Napi::Boolean::New(info.Env(), sandbox != nullptr && sandbox->Read(BytesOf(info[1])));
}

void NativeEvaluator::EndInput(const Napi::CallbackInfo& info) {
  if (ClassicSandbox* sandbox = FindClassic(info)) sandbox->EndInput();
}

// takeOutput(id): chunks of lines, after the event 'output'
Napi::Value NativeEvaluator::TakeOutput(const Napi::CallbackInfo& info) {
  ClassicSandbox* sandbox = FindClassic(info);
  return ViewsOf(info.Env(), sandbox == nullptr ? std::vector<Bytes>() : sandbox->TakeOutput());
}

// releaseOutput(id, bytes): so many bytes of it have been sent
void NativeEvaluator::ReleaseOutput(const Napi::CallbackInfo& info) {
  if (ClassicSandbox* sandbox = FindClassic(info)) {
    sandbox->Release(static_cast<size_t>(Double(info[1])));
  }
}

void NativeEvaluator::Dispose(const Napi::CallbackInfo& info) {
  if (Sandbox* sandbox = FindAny(info)) sandbox->Dispose();
}

// forget(id): after its 'ended' event.
void NativeEvaluator::Forget(const Napi::CallbackInfo& info) {
  sandboxes_.erase(Uint32(info[0]));
  classic_sandboxes_.erase(Uint32(info[0]));
}

// ref(), unref(): whether events to come keep the process running.
void NativeEvaluator::Ref(const Napi::CallbackInfo& info) { channel_->Hold(info.Env(), true); }
void NativeEvaluator::Unref(const Napi::CallbackInfo& info) { channel_->Hold(info.Env(), false); }

// stop(): executors return soon, and what they run is thrown away.
void NativeEvaluator::Stop(const Napi::CallbackInfo&) { queue_->Stop(); }

// close(): after the executors have returned. Disposes of every Sandbox left.
void NativeEvaluator::Close(const Napi::CallbackInfo&) {
  channel_->Close();
  Shutdown();
}

Napi::Value NativeEvaluator::Stats(const Napi::CallbackInfo& info) {
  Napi::Object stats = Napi::Object::New(info.Env());
  stats["sandboxes"] = static_cast<double>(sandboxes_.size() + classic_sandboxes_.size());
  stats["ready"] = static_cast<double>(queue_->ready_count());
  stats["executors"] = static_cast<double>(queue_->executor_count());
  stats["disowned"] = static_cast<double>(Sandbox::disowned_count());
  GpuUse use;
  for (const auto& [id, sandbox] : sandboxes_) sandbox->AddGpuUse(&use);
  for (const auto& [id, sandbox] : classic_sandboxes_) sandbox->AddGpuUse(&use);
  Napi::Object gpu = Napi::Object::New(info.Env());
  gpu["busy"] = use.busy;
  gpu["devices"] = use.devices;
  gpu["buffers"] = use.buffers;
  gpu["textures"] = use.textures;
  gpu["pipelines"] = use.pipelines;
  gpu["bytes"] = static_cast<double>(use.memory_bytes);
  stats["gpu"] = gpu;
  return stats;
}

}  // namespace dcp
