#include "classic/classic_sandbox.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "classic/line_text.h"
#include "isolate/clock.h"
#include "v8/strings.h"

namespace dcp {

namespace {

// What a Sandbox writes when it answers. (That it has taken a line, it says of every line.)
constexpr std::string_view kMessage = "MSG:{\"type\":\"workerMessage\"";
// Of what nobody caught, as the reason of an end.
constexpr size_t kMaxReason = 4096;
// A peer that reads nothing so long, of so much, reads nothing any more.
constexpr double kPeerPatienceMs = 60e3;
// Before others are given a thread in place of the one that waits for it.
constexpr double kThreadPatienceMs = 100;

}  // namespace

ClassicSandbox::ClassicSandbox(SandboxOptions options, std::shared_ptr<const ClassicSetup> setup,
                               std::weak_ptr<RunQueue> queue,
                               std::shared_ptr<SandboxListener> listener)
    : Sandbox(std::move(options), std::move(queue), std::move(listener)), setup_(std::move(setup)) {
  // The Worker at the other end keeps the time of Slices.
  deadlines_.SetLimits({kNever, kNever, kNever, kNever});
}

std::unique_ptr<SandboxIsolate> ClassicSandbox::MakeIsolate(const SandboxIsolate::Owner& owner,
                                                            std::function<void()> wake) {
  return std::make_unique<ClassicIsolate>(owner, std::move(wake), setup_);
}

// ---- What the host says
// ------------------------------------------------------------------------------------------

bool ClassicSandbox::Read(Bytes chunk) {
  const bool full = input_.Put(std::move(chunk));
  Wake();
  return full;
}

void ClassicSandbox::EndInput() {
  input_.End();
  Wake();
}

void ClassicSandbox::Release(size_t bytes) {
  if (output_.Release(bytes)) Wake();
}

// ---- Running
// -----------------------------------------------------------------------------------------------

bool ClassicSandbox::Turn() {
  ClassicIsolate& isolate = this->isolate();
  v8::HandleScope scope(isolate.get());
  // Looked at once: the host may release some of it at any moment, and wakes this Sandbox then.
  const bool full = output_.IsFull();
  bool did = BeginTurn();
  if (did && goes_on()) isolate.RunPromiseJobs();
  if (goes_on() && !full && control_.next_timer_ms != 0 &&
      control_.next_timer_ms <= MonotonicMs()) {
    control_.next_timer_ms = 0;
    isolate.CallOnTimer();
    did = true;
  }
  if (goes_on() && !full && ReadOneLine()) did = true;
  if (goes_on() && !full && isolate.has_rejections()) {
    ReportUnhandled();
    did = true;
  }
  // While the peer does not read, lines wait that came before: none of this is the last word.
  if (goes_on() && !did && !full && isolate.OnlyALineCanWakeIt()) {
    EndIfItCannotAnswer();
    // Lines that nobody reads keep nothing alive.
    const bool reads = isolate.has_on_line();
    if (reads ? input_.IsAtEnd() : input_.HasEnded()) ending_.Decide({});
  }
  return did;
}

bool ClassicSandbox::ReadOneLine() {
  const Line* line = isolate().has_on_line() ? input_.Next() : nullptr;
  if (line == nullptr) {
    if (input_.incomplete_bytes() > 2 * static_cast<size_t>(v8::String::kMaxLength)) {
      ending_.Decide({"EPROTOCOL", "a line is longer than V8's longest string", 0});
    }
    if (input_.TakeRoom()) outbox_.Emit(SandboxEvent::kRoom);
    return false;
  }
  v8::Isolate* isolate = this->isolate().get();
  v8::Local<v8::String> text;
  const v8::TryCatch caught(isolate);
  if (!NewLineString(isolate, *line).ToLocal(&text)) {
    ending_.Decide({"EPROTOCOL", "a line is longer than V8's longest string", 0});
    return true;
  }
  unanswered_ = true;
  thrown_.clear();
  this->isolate().CallOnLine(text);
  return true;
}

double ClassicSandbox::NextOwnMs() {
  if (output_.IsFull()) return kNever;
  return control_.next_timer_ms > 0 ? control_.next_timer_ms : kNever;
}

void ClassicSandbox::ReportUnhandled() {
  const std::string text = isolate().TakeUnhandled();
  if (text.empty()) return;
  Log("Uncaught (in promise) " + text);
  if (unanswered_) thrown_ = text.substr(0, kMaxReason);
}

void ClassicSandbox::EndIfItCannotAnswer() {
  if (!unanswered_ || thrown_.empty()) return;
  ending_.Decide({"EUNCAUGHT",
                  "the last message will never be answered: nothing is under way that could, and "
                  "this was thrown meanwhile: " +
                      thrown_,
                  0});
}

// ---- Output
// ------------------------------------------------------------------------------------------------------

void ClassicSandbox::WriteLine(v8::Local<v8::String> line) {
  if (output_.IsFlooded()) AwaitPeer();
  v8::Isolate* isolate = this->isolate().get();
  if (!goes_on()) return isolate->TerminateExecution();
  Bytes bytes = ToLine(isolate, line);
  if (unanswered_ && bytes.size > kMessage.size() &&
      std::memcmp(bytes.data, kMessage.data(), kMessage.size()) == 0) {
    unanswered_ = false;
  }
  Write(std::move(bytes));
}

void ClassicSandbox::AwaitPeer() {
  double since_ms = MonotonicMs();
  size_t sent = output_.sent();
  bool told = false;
  while (output_.IsFlooded() && !MustEnd()) {
    output_.Wait();
    const double now_ms = MonotonicMs();
    if (output_.sent() != sent) {
      sent = output_.sent();
      since_ms = now_ms;
    } else if (now_ms - since_ms > kPeerPatienceMs) {
      ending_.Decide({"EPROTOCOL", "the peer has read nothing for a minute", 0});
    } else if (!told && now_ms - since_ms > kThreadPatienceMs) {
      told = true;
      outbox_.Emit(SandboxEvent::kBlocked);
    }
  }
  if (told) outbox_.Emit(SandboxEvent::kUnblocked);
}

void ClassicSandbox::Log(std::string_view text) {
  if (output_.IsFlooded()) AwaitPeer();
  if (!goes_on()) return;
  std::string line("LOG:");
  for (const char byte : text) {
    // U+2424, as the startup files have it.
    if (byte == '\n') {
      line.append("\xe2\x90\xa4");
    } else {
      line.push_back(byte);
    }
  }
  line.push_back('\n');
  Write(Bytes::Copy(line.data(), line.size()));
}

void ClassicSandbox::Write(Bytes lines) {
  if (output_.Add(std::move(lines))) outbox_.Emit(SandboxEvent::kOutput);
}

void ClassicSandbox::Die() {
  ending_.Decide({});
  isolate().get()->TerminateExecution();
}

}  // namespace dcp
