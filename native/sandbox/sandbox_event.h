// Public to native/: what a Sandbox tells its host.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "sandbox/slice_io.h"

namespace dcp {

// Everything in it comes from untrusted code.
struct SandboxEvent {
  enum Kind : int {
    kReady,
    kAssigned,
    kResults,
    kMessage,
    kDrained,
    kLost,
    kEnded,
    kInspectorMessage,
    kInspectorRun,
    kOutput,
    kRoom,
    kBlocked,
    kUnblocked,
    kAdapter,
  };
  uint32_t sandbox;
  Kind kind;
  ResultBatch results = {};
  // kMessage: the prelude's number for it, the Slice, and what it says.
  // kEnded: the Slice to blame (0: none); `number` is 1 when the first of `unfinished` was running.
  int message = 0;
  double slice = 0;
  double number = 0;
  // kAdapter: the name of an adapter that the Job got.
  std::string text = {};
  Payload payload = {};
  // kLost: its thread does not come back from a builtin; a kEnded may follow much later.
  // kLost, kEnded: an error code, empty for none; `text` is the message. What the Slice to blame
  // took.
  std::string code = {};
  double elapsed_ms = 0;
  double cpu_ms = 0;
  double webgpu_ms = 0;
  // kEnded: what was handed over and not delivered, the Slice to blame not among them.
  std::vector<uint32_t> unfinished = {};
  // kEnded: its GPU does not come back; the Sandbox was left as it is, with all it holds.
  bool disowned = false;
  // kResults, kMessage: what the host is to give back by Release() once it has done with the event.
  size_t bytes = 0;
  // Of a classic Sandbox: it has written lines (kOutput), can be given more (kRoom), holds its
  // thread until the peer has read what it wrote (kBlocked), does so no more (kUnblocked).
  // kInspectorMessage: of the DevTools protocol, JSON. (kInspectorRun: the debugger is ready.)
  std::u16string inspector_message = {};
};

// Receives events from any thread, in each Sandbox's order. Must not call back into the Sandbox.
class SandboxListener {
 public:
  virtual void OnEvent(SandboxEvent event) = 0;

 protected:
  ~SandboxListener() = default;
};

}  // namespace dcp
