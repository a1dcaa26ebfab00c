#include "addon/event_channel.h"

#include <iterator>
#include <utility>

#include "addon/columns.h"

namespace dcp {

namespace {

Napi::Object ToObject(Napi::Env env, SandboxEvent event) {
  static constexpr const char* kKinds[] = {
      "ready", "assigned", "results",          "message",      "drained",
      "lost",  "ended",    "inspectorMessage", "inspectorRun", "output",
      "room",  "blocked",  "unblocked",        "adapter"};
  static_assert(std::size(kKinds) == SandboxEvent::kAdapter + 1);
  Napi::Object object = Napi::Object::New(env);
  object["kind"] = kKinds[event.kind];
  object["sandbox"] = event.sandbox;
  switch (event.kind) {
    case SandboxEvent::kResults: {
      ResultBatch& results = event.results;
      object["numbers"] = ColumnOf(env, std::move(results.numbers));
      object["outcomes"] = ColumnOf(env, std::move(results.outcomes));
      object["elapsedMs"] = ColumnOf(env, std::move(results.elapsed_ms));
      object["cpuMs"] = ColumnOf(env, std::move(results.cpu_ms));
      object["webgpuMs"] = ColumnOf(env, std::move(results.webgpu_ms));
      object["heads"] = ViewOf(env, std::move(results.payloads.heads));
      object["headEnds"] = ColumnOf(env, std::move(results.payloads.head_ends));
      object["segments"] = ViewsOf(env, std::move(results.payloads.segments));
      object["segmentEnds"] = ColumnOf(env, std::move(results.payloads.segment_ends));
      object["bytes"] = static_cast<double>(event.bytes);
      break;
    }
    case SandboxEvent::kMessage:
      object["message"] = event.message;
      object["slice"] = event.slice;
      object["number"] = event.number;
      object["text"] = event.text;
      object["head"] = ViewOf(env, std::move(event.payload.head));
      object["segments"] = ViewsOf(env, std::move(event.payload.segments));
      object["bytes"] = static_cast<double>(event.bytes);
      break;
    case SandboxEvent::kLost:
    case SandboxEvent::kEnded:
      object["code"] = event.code;
      object["text"] = event.text;
      object["slice"] = event.slice;
      object["elapsedMs"] = event.elapsed_ms;
      object["cpuMs"] = event.cpu_ms;
      object["webgpuMs"] = event.webgpu_ms;
      object["firstWasRunning"] = Napi::Boolean::New(env, event.number == 1);
      object["disowned"] = Napi::Boolean::New(env, event.disowned);
      object["unfinished"] = ColumnOf(env, event.unfinished);
      break;
    case SandboxEvent::kInspectorMessage:
      object["text"] = Napi::String::New(env, event.inspector_message);
      break;
    case SandboxEvent::kAdapter:
      object["text"] = event.text;
      break;
    case SandboxEvent::kInspectorRun:
    case SandboxEvent::kReady:
    case SandboxEvent::kAssigned:
    case SandboxEvent::kDrained:
    case SandboxEvent::kOutput:
    case SandboxEvent::kRoom:
    case SandboxEvent::kBlocked:
    case SandboxEvent::kUnblocked:
      break;
  }
  return object;
}

}  // namespace

EventChannel::EventChannel(Napi::Env env, Napi::Function on_events)
    : function_(Napi::ThreadSafeFunction::New(env, on_events, "dcp-evaluator-events", 0, 1)) {}

void EventChannel::OnEvent(SandboxEvent event) {
  std::lock_guard lock(mutex_);
  if (closed_) return;
  events_.push_back(std::move(event));
  // Until this one has been delivered, whatever comes goes with it.
  if (events_.size() == 1) {
    function_.NonBlockingCall(
        [this](Napi::Env env, Napi::Function on_events) { Deliver(env, on_events); });
  }
}

void EventChannel::Deliver(Napi::Env env, Napi::Function on_events) {
  std::vector<SandboxEvent> events;
  {
    std::lock_guard lock(mutex_);
    events.swap(events_);
  }
  Napi::Array list = Napi::Array::New(env, events.size());
  uint32_t index = 0;
  for (SandboxEvent& event : events) {
    Napi::HandleScope scope(env);
    list.Set(index++, ToObject(env, std::move(event)));
    // What V8 refuses (a text that is too long, say) is left out. The events of others are whole.
    if (env.IsExceptionPending()) env.GetAndClearPendingException();
  }
  on_events.Call({list});
}

void EventChannel::Hold(Napi::Env env, bool hold) {
  {
    std::lock_guard lock(mutex_);
    if (closed_) return;
  }
  hold ? function_.Ref(env) : function_.Unref(env);
}

void EventChannel::Mute() {
  std::lock_guard lock(mutex_);
  closed_ = true;
  events_.clear();
}

void EventChannel::Close() {
  Mute();
  function_.Abort();
}

}  // namespace dcp
