#include "addon/executor.h"

#include <uv.h>

#include <mutex>
#include <unordered_map>

#include "addon/columns.h"

namespace dcp {

namespace {

// Both leaked on purpose: threads may still ask while the process ends.
std::mutex& QueuesMutex() {
  static auto* mutex = new std::mutex();
  return *mutex;
}
std::unordered_map<uint32_t, std::weak_ptr<RunQueue>>& KnownQueues() {
  static auto* known = new std::unordered_map<uint32_t, std::weak_ptr<RunQueue>>();
  return *known;
}

// Node gives no direct answer to "is this thread being terminated?", but a call of JavaScript does
// not return then. Node's isolate is entered inside the Sandbox's, on the one thread that may run
// both.
struct EndProbe {
  v8::Isolate* isolate;
  v8::Global<v8::Context> context;
  v8::Global<v8::Function> function;

  static bool IsEnding(void* data) {
    auto* probe = static_cast<EndProbe*>(data);
    v8::Isolate::Scope isolate_scope(probe->isolate);
    v8::HandleScope handle_scope(probe->isolate);
    v8::Local<v8::Context> context = probe->context.Get(probe->isolate);
    v8::Context::Scope context_scope(context);
    v8::TryCatch caught(probe->isolate);
    v8::Local<v8::Value> undefined = v8::Undefined(probe->isolate);
    return probe->function.Get(probe->isolate)->Call(context, undefined, 0, nullptr).IsEmpty() &&
           caught.HasTerminated();
  }
};

}  // namespace

uint32_t Queues::Add(const std::shared_ptr<RunQueue>& queue) {
  std::lock_guard lock(QueuesMutex());
  static uint32_t last = 0;
  KnownQueues()[++last] = queue;
  return last;
}

void Queues::Remove(uint32_t id) {
  std::lock_guard lock(QueuesMutex());
  KnownQueues().erase(id);
}

std::shared_ptr<RunQueue> Queues::Find(uint32_t id) {
  std::lock_guard lock(QueuesMutex());
  const auto found = KnownQueues().find(id);
  return found == KnownQueues().end() ? nullptr : found->second.lock();
}

Napi::Value RunExecutor(const Napi::CallbackInfo& info) {
  Napi::Env env = info.Env();
  std::shared_ptr<RunQueue> queue = Queues::Find(info[0].As<Napi::Number>().Uint32Value());
  if (!queue) return Napi::Boolean::New(env, false);
  uv_loop_t* loop = nullptr;
  napi_get_uv_event_loop(env, &loop);
  v8::Isolate* isolate = v8::Isolate::GetCurrent();
  EndProbe probe{isolate,
                 {isolate, isolate->GetCurrentContext()},
                 {isolate, ToV8(info[1]).As<v8::Function>()}};
  Executor executor(uv_backend_fd(loop), EndProbe::IsEnding, &probe);
  const ExecutorExit exit = queue->Run(executor);
  return Napi::Boolean::New(env, exit == ExecutorExit::kNodeWaits);
}

}  // namespace dcp
