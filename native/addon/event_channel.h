// Internal to native/addon: what happens in Sandboxes, told to JavaScript.
#pragma once

#include <napi.h>

#include <mutex>
#include <vector>

#include "sandbox/sandbox_event.h"

namespace dcp {

// Brings events from executor threads to the environment that owns the evaluator: many at once, one
// wake-up. Outlives the evaluator; events that come after Close() are dropped.
class EventChannel final : public SandboxListener {
 public:
  EventChannel(Napi::Env env, Napi::Function on_events);

  void OnEvent(SandboxEvent event) override;
  // Whether it keeps the environment's loop running: at first it does. On its thread, until
  // Close().
  void Hold(Napi::Env env, bool hold);
  // No event is passed on any more. Any thread.
  void Mute();
  // Mute(), and the environment's loop is let go. On its thread, once, while it runs.
  void Close();

 private:
  void Deliver(Napi::Env env, Napi::Function on_events);

  std::mutex mutex_;
  bool closed_ = false;
  std::vector<SandboxEvent> events_;
  Napi::ThreadSafeFunction function_;
};

}  // namespace dcp
