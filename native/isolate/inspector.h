// Public to native/: lets a debugger look into one isolate, by the Chrome DevTools Protocol.
#pragma once

#include <v8.h>

#include <atomic>
#include <condition_variable>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <string>

#include "v8/inspector_api.h"

namespace dcp {

struct InspectorCommand {
  // Of a debugger: it comes, says something, goes.
  enum Kind : int { kConnect, kMessage, kDisconnect };
  Kind kind;
  // A message of the protocol, JSON.
  std::u16string message = {};
};

// Commands on their way from the thread of the debugger's connection. Any thread.
class InspectorInbox {
 public:
  void Post(InspectorCommand command);
  bool Take(InspectorCommand* command);
  // Returns when a command may have come, or somebody called Poke(), or after `milliseconds`.
  void Wait(double milliseconds);
  void Poke();

 private:
  std::mutex mutex_;
  std::condition_variable change_;
  std::deque<InspectorCommand> commands_;
  bool poked_ = false;
};

// All calls on the thread that has the isolate entered.
struct InspectorOwner {
  // A message for the debugger, JSON.
  std::function<void(std::u16string)> send;
  // The debugger has set what it wanted to set: what waits for it may run.
  std::function<void()> run;
  // JavaScript stands still at a breakpoint (true), and goes on (false).
  std::function<void(bool)> on_pause;
  // Whether a pause must end because the isolate is to end.
  std::function<bool()> is_ending;
};

// Lives inside its isolate's life; made, used and destroyed with the isolate entered.
class Inspector final : private v8_inspector::V8InspectorClient, private v8_inspector::Channel {
 public:
  Inspector(v8::Isolate* isolate, v8::Local<v8::Context> context,
            std::shared_ptr<InspectorInbox> inbox, InspectorOwner owner);
  ~Inspector() override;

  // Carries out what has come. Answers whether there was anything.
  bool Dispatch();

 private:
  void Apply(const InspectorCommand& command);

  void runMessageLoopOnPause(int group) override;
  void quitMessageLoopOnPause() override { paused_ = false; }
  void runIfWaitingForDebugger(int) override { owner_.run(); }
  v8::Local<v8::Context> ensureDefaultContextInGroup(int) override;
  double currentTimeMS() override;
  int64_t generateUniqueId() override { return ++last_id_; }

  void sendResponse(int, std::unique_ptr<v8_inspector::StringBuffer> message) override;
  void sendNotification(std::unique_ptr<v8_inspector::StringBuffer> message) override;
  void flushProtocolNotifications() override {}

  v8::Isolate* const isolate_;
  v8::Global<v8::Context> context_;
  const std::shared_ptr<InspectorInbox> inbox_;
  const InspectorOwner owner_;
  std::unique_ptr<v8_inspector::V8Inspector> inspector_;
  std::unique_ptr<v8_inspector::V8InspectorSession> session_;
  bool dispatching_ = false;
  bool paused_ = false;
  int64_t last_id_ = 0;
};

}  // namespace dcp
