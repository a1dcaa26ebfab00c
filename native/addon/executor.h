// Internal to native/addon: the loop of the threads that run Sandboxes, and how they find the queue
// that they serve (src/evaluator/native.ts is its typed mirror).
#pragma once

#include <napi.h>

#include <cstdint>
#include <memory>

#include "sandbox/run_queue.h"

namespace dcp {

// Queues by number, for the threads that serve them: those load the addon in environments of their
// own. Any thread.
class Queues {
 public:
  static uint32_t Add(const std::shared_ptr<RunQueue>& queue);
  static void Remove(uint32_t id);
  // Null when it is gone.
  static std::shared_ptr<RunQueue> Find(uint32_t id);
};

// runExecutor(queueId, probe): true when it is to be called again, false when the queue was
// stopped.
Napi::Value RunExecutor(const Napi::CallbackInfo& info);

}  // namespace dcp
