// Public to native/isolate: as much of V8's inspector as we use.
//
// The node binary exports the inspector's entry points, and its headers leave out v8-inspector.h.
// These declarations stand for it. They are ours; what they share with V8 is the binary interface:
// names of the exported functions, the order of virtual functions and the layout of structures,
// read off the vtables of the node binaries (`nm` and the vtables of V8InspectorImpl,
// V8InspectorSessionImpl, NodeInspectorClient). A function that we neither call nor answer has only
// its place. test/evaluator/inspector.test.ts holds a whole conversation on each Node major.
#pragma once

#include <v8.h>

#include <cstddef>
#include <cstdint>
#include <memory>

#include "v8/version.h"

// The exported functions are found by these names.
namespace v8_inspector {

// Latin-1 or UTF-16, owned by somebody else.
struct StringView {
  bool is_latin1 = true;
  size_t length = 0;
  const void* characters = nullptr;
};

class StringBuffer {
 public:
  virtual ~StringBuffer() = default;
  virtual StringView string() const = 0;
};

struct V8ContextInfo {
  v8::Local<v8::Context> context;
  int group;
  StringView name;
  StringView origin = {};
  StringView auxiliary_data = {};
  bool has_memory_on_console = false;
};

class V8InspectorSession {
 public:
  virtual ~V8InspectorSession() = default;
  virtual void Place2() = 0;
  virtual void dispatchProtocolMessage(StringView message) = 0;
  // More follow.
};

class Channel {
 public:
  virtual ~Channel() = default;
  virtual void sendResponse(int call, std::unique_ptr<StringBuffer> message) = 0;
  virtual void sendNotification(std::unique_ptr<StringBuffer> message) = 0;
  virtual void flushProtocolNotifications() = 0;
};

// What V8 asks of us. The defaults are those of V8's own header.
class V8InspectorClient {
 public:
  using TimerCallback = void (*)(void*);

  virtual ~V8InspectorClient() = default;
  virtual void runMessageLoopOnPause(int) {}
  virtual void runMessageLoopOnInstrumentationPause(int) {}
  virtual void quitMessageLoopOnPause() {}
  virtual void runIfWaitingForDebugger(int) {}
  virtual void muteMetrics(int) {}
  virtual void unmuteMetrics(int) {}
  virtual void beginUserGesture() {}
  virtual void endUserGesture() {}
  // Node 20: serializeToWebDriverValue. Both answer a structure, or null for "as V8 does".
#if DCP_V8_AT_LEAST(12, 0)
  virtual std::unique_ptr<StringBuffer> deepSerialize(v8::Local<v8::Value>, int,
                                                      v8::Local<v8::Object>) {
    return nullptr;
  }
#else
  virtual std::unique_ptr<StringBuffer> serializeToWebDriverValue(v8::Local<v8::Value>, int) {
    return nullptr;
  }
#endif
  virtual std::unique_ptr<StringBuffer> valueSubtype(v8::Local<v8::Value>) { return nullptr; }
  virtual std::unique_ptr<StringBuffer> descriptionForValueSubtype(v8::Local<v8::Context>,
                                                                   v8::Local<v8::Value>) {
    return nullptr;
  }
  virtual bool isInspectableHeapObject(v8::Local<v8::Object>) { return true; }
  virtual v8::Local<v8::Context> ensureDefaultContextInGroup(int) { return {}; }
  virtual void beginEnsureAllContextsInGroup(int) {}
  virtual void endEnsureAllContextsInGroup(int) {}
  virtual void installAdditionalCommandLineAPI(v8::Local<v8::Context>, v8::Local<v8::Object>) {}
  virtual void consoleAPIMessage(int, v8::Isolate::MessageErrorLevel, const StringView&,
                                 const StringView&, unsigned, unsigned, void*) {}
#if DCP_V8_AT_LEAST(14, 0)
  virtual void consoleAPIMessage(int, int, v8::Isolate::MessageErrorLevel, const StringView&,
                                 const StringView&, unsigned, unsigned, void*) {}
#endif
  virtual v8::MaybeLocal<v8::Value> memoryInfo(v8::Isolate*, v8::Local<v8::Context>) { return {}; }
#if DCP_V8_AT_LEAST(13, 0)
  virtual void consoleTime(v8::Isolate*, v8::Local<v8::String>) {}
  virtual void consoleTimeEnd(v8::Isolate*, v8::Local<v8::String>) {}
  virtual void consoleTimeStamp(v8::Isolate*, v8::Local<v8::String>) {}
  virtual void consoleTimeStampWithArgs(v8::Isolate*, v8::Local<v8::String>, const void*) {}
#else
  virtual void consoleTime(const StringView&) {}
  virtual void consoleTimeEnd(const StringView&) {}
  virtual void consoleTimeStamp(const StringView&) {}
#endif
  virtual void consoleClear(int) {}
  virtual double currentTimeMS() { return 0; }
  virtual void startRepeatingTimer(double, TimerCallback, void*) {}
  virtual void cancelTimer(void*) {}
  virtual bool canExecuteScripts(int) { return true; }
  virtual void maxAsyncCallStackDepthChanged(int) {}
  virtual std::unique_ptr<StringBuffer> resourceNameToUrl(const StringView&) { return nullptr; }
  virtual int64_t generateUniqueId() { return 0; }
  virtual void dispatchError(v8::Local<v8::Context>, v8::Local<v8::Message>, v8::Local<v8::Value>) {
  }
};

class V8Inspector {
 public:
  enum ClientTrustLevel { kUntrusted, kFullyTrusted };
  enum SessionPauseState { kWaitingForDebugger, kNotWaitingForDebugger };

  __attribute__((visibility("default"))) static std::unique_ptr<V8Inspector> create(
      v8::Isolate* isolate, V8InspectorClient* client);

  virtual ~V8Inspector() = default;
  virtual void contextCreated(const V8ContextInfo& info) = 0;
  virtual void contextDestroyed(v8::Local<v8::Context> context) = 0;
  virtual void Place4() = 0;
  virtual void Place5() = 0;
  virtual void Place6() = 0;
#if DCP_V8_AT_LEAST(13, 0)
  virtual void PlaceIsolateId() = 0;
#endif
  virtual void Place7() = 0;
  virtual void Place8() = 0;
  virtual void Place9() = 0;
  virtual void Place10() = 0;
  virtual void Place11() = 0;
  virtual void Place12() = 0;
  virtual void Place13() = 0;
  virtual void Place14() = 0;
  virtual void Place15() = 0;
  virtual void Place16() = 0;
  virtual void Place17() = 0;
  virtual void Place18() = 0;
  virtual void Place19() = 0;
  virtual std::unique_ptr<V8InspectorSession> connect(int group, Channel* channel, StringView state,
                                                      ClientTrustLevel trust,
                                                      SessionPauseState pause) = 0;
  // More follow.
};

}  // namespace v8_inspector
