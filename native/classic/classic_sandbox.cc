#include "classic/classic_sandbox.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "isolate/clock.h"
#include "v8/external_strings.h"
#include "v8/strings.h"

namespace dcp {

namespace {

// Lines from this size are read where they lie.
constexpr size_t kLongLineBytes = size_t{64} << 10;
// What a Sandbox writes when it answers. (That it has taken a line, it says of every line.)
constexpr std::string_view kMessage = "MSG:{\"type\":\"workerMessage\"";
// Of what nobody caught.
constexpr size_t kMaxThrown = 4096;

bool IsAscii(const uint8_t* data, size_t size) {
  uint8_t seen = 0;
  for (size_t index = 0; index < size; index++) seen |= data[index];
  return seen < 0x80;
}

// How many bytes a string takes in UTF-8 when each of its characters is a byte: those from 0x80 on
// take two.
size_t Utf8LengthOfLatin1(const uint8_t* data, size_t size) {
  size_t length = size;
  for (size_t index = 0; index < size; index++) length += data[index] >> 7U;
  return length;
}

// A line with its end.
Bytes ToLine(v8::Isolate* isolate, v8::Local<v8::String> text) {
  const auto units = static_cast<size_t>(text->Length());
  if (text->IsOneByte()) {
    Bytes line = Bytes::Allocate(units + 1);
    WriteOneByte(isolate, text, line.data);
    line.data[units] = '\n';
    if (IsAscii(line.data, units)) return line;
    Bytes wide = Bytes::Allocate(Utf8LengthOfLatin1(line.data, units) + 1);
    uint8_t* to = wide.data;
    for (size_t index = 0; index <= units; index++) {
      const uint8_t byte = line.data[index];
      if (byte < 0x80) {
        *to++ = byte;
      } else {
        *to++ = static_cast<uint8_t>(0xc0U | byte >> 6U);
        *to++ = static_cast<uint8_t>(0x80U | (byte & 0x3fU));
      }
    }
    return wide;
  }
  const size_t length = Utf8Length(isolate, text);
  Bytes line = Bytes::Allocate(length + 1);
  const size_t written = WriteUtf8(isolate, text, reinterpret_cast<char*>(line.data), length);
  line.data[written] = '\n';
  line.size = written + 1;
  return line;
}

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
  bool did = BeginTurn();
  if (did && goes_on()) isolate.RunPromiseJobs();
  if (goes_on() && control_.next_timer_ms != 0 && control_.next_timer_ms <= MonotonicMs() &&
      !output_.IsFull()) {
    control_.next_timer_ms = 0;
    isolate.CallOnTimer();
    did = true;
  }
  if (goes_on() && !output_.IsFull() && ReadOneLine()) did = true;
  if (goes_on() && isolate.has_rejections()) {
    ReportUnhandled();
    did = true;
  }
  if (goes_on() && !did && isolate.OnlyALineCanWakeIt()) {
    EndIfItCannotAnswer();
    if (input_.IsAtEnd()) ending_.Decide({});
  }
  return did;
}

bool ClassicSandbox::ReadOneLine() {
  std::string_view line;
  if (!isolate().has_on_line() || !input_.Next(&line)) {
    if (input_.incomplete_bytes() > static_cast<size_t>(v8::String::kMaxLength)) {
      ending_.Decide({"EPROTOCOL", "a line is longer than V8's longest string", 0});
    }
    if (input_.TakeRoom()) outbox_.Emit(SandboxEvent::kRoom);
    return false;
  }
  v8::Isolate* isolate = this->isolate().get();
  v8::MaybeLocal<v8::String> read;
  if (line.size() >= kLongLineBytes &&
      IsAscii(reinterpret_cast<const uint8_t*>(line.data()), line.size())) {
    read = NewShared(isolate, std::make_shared<const std::string>(input_.TakeLine()));
  } else {
    read = NewString(isolate, line);
  }
  v8::Local<v8::String> text;
  if (!read.ToLocal(&text)) {
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
  if (unanswered_) thrown_ = text.substr(0, kMaxThrown);
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
  while (output_.IsFlooded() && !MustEnd()) output_.Wait();
  v8::Isolate* isolate = this->isolate().get();
  if (!goes_on()) return isolate->TerminateExecution();
  Bytes bytes = ToLine(isolate, line);
  if (unanswered_ && bytes.size > kMessage.size() &&
      std::memcmp(bytes.data, kMessage.data(), kMessage.size()) == 0) {
    unanswered_ = false;
  }
  Write(std::move(bytes));
}

void ClassicSandbox::Log(std::string_view text) {
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
