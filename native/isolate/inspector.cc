#include "isolate/inspector.h"

#include <chrono>
#include <utility>

namespace dcp {

namespace {

// One isolate, one context, one group.
constexpr int kGroup = 1;
// A pause looks this often whether its isolate is to end, should nobody say so.
constexpr double kPauseStepMs = 50;

v8_inspector::StringView ViewOf(const std::u16string& text) {
  return {false, text.size(), text.data()};
}

std::u16string TextOf(const v8_inspector::StringView& view) {
  if (!view.is_latin1) return {static_cast<const char16_t*>(view.characters), view.length};
  const auto* bytes = static_cast<const uint8_t*>(view.characters);
  return {bytes, bytes + view.length};
}

}  // namespace

void InspectorInbox::Post(InspectorCommand command) {
  std::lock_guard lock(mutex_);
  commands_.push_back(std::move(command));
  change_.notify_one();
}

bool InspectorInbox::Take(InspectorCommand* command) {
  std::lock_guard lock(mutex_);
  if (commands_.empty()) return false;
  *command = std::move(commands_.front());
  commands_.pop_front();
  return true;
}

void InspectorInbox::Wait(double milliseconds) {
  std::unique_lock lock(mutex_);
  change_.wait_for(lock, std::chrono::duration<double, std::milli>(milliseconds),
                   [this] { return poked_ || !commands_.empty(); });
  poked_ = false;
}

void InspectorInbox::Poke() {
  std::lock_guard lock(mutex_);
  poked_ = true;
  change_.notify_one();
}

Inspector::Inspector(v8::Isolate* isolate, v8::Local<v8::Context> context,
                     std::shared_ptr<InspectorInbox> inbox, InspectorOwner owner)
    : isolate_(isolate),
      context_(isolate, context),
      inbox_(std::move(inbox)),
      owner_(std::move(owner)),
      inspector_(v8_inspector::V8Inspector::create(isolate, this)) {
  static const std::u16string name = u"Sandbox";
  inspector_->contextCreated({context, kGroup, ViewOf(name)});
}

Inspector::~Inspector() {
  session_.reset();
  inspector_->contextDestroyed(context_.Get(isolate_));
}

bool Inspector::Dispatch() {
  // A message may run JavaScript, which may be interrupted to dispatch the next one.
  if (dispatching_) return false;
  dispatching_ = true;
  bool any = false;
  v8::HandleScope scope(isolate_);
  for (InspectorCommand command; inbox_->Take(&command); any = true) Apply(command);
  dispatching_ = false;
  return any;
}

void Inspector::Apply(const InspectorCommand& command) {
  switch (command.kind) {
    case InspectorCommand::kConnect:
      session_ = inspector_->connect(kGroup, this, {}, v8_inspector::V8Inspector::kFullyTrusted,
                                     v8_inspector::V8Inspector::kNotWaitingForDebugger);
      break;
    case InspectorCommand::kMessage:
      if (session_) session_->dispatchProtocolMessage(ViewOf(command.message));
      break;
    case InspectorCommand::kDisconnect:
      session_.reset();
      // Nobody is left who could end a pause, or say that what waits may run.
      paused_ = false;
      owner_.run();
      break;
  }
}

void Inspector::runMessageLoopOnPause(int) {
  if (paused_) return;
  paused_ = true;
  owner_.on_pause(true);
  // The pause may have come while a message was dispatched, and is ended by another.
  const bool dispatching = std::exchange(dispatching_, false);
  while (paused_ && !owner_.is_ending()) {
    if (!Dispatch()) inbox_->Wait(kPauseStepMs);
  }
  dispatching_ = dispatching;
  paused_ = false;
  owner_.on_pause(false);
}

v8::Local<v8::Context> Inspector::ensureDefaultContextInGroup(int) {
  return context_.Get(isolate_);
}

double Inspector::currentTimeMS() {
  return std::chrono::duration<double, std::milli>(
             std::chrono::system_clock::now().time_since_epoch())
      .count();
}

void Inspector::sendResponse(int, std::unique_ptr<v8_inspector::StringBuffer> message) {
  owner_.send(TextOf(message->string()));
}

void Inspector::sendNotification(std::unique_ptr<v8_inspector::StringBuffer> message) {
  owner_.send(TextOf(message->string()));
}

}  // namespace dcp
