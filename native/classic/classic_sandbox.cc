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

// Text of UTF-8 as a byte a character (Latin-1), which is how V8 keeps it then. Nothing when it has
// other characters or is malformed. KVIN writes typed arrays so: half of their characters take two
// bytes, at random, so there is no branch on any of them.
std::shared_ptr<const std::string> ToLatin1(std::string_view utf8) {
  auto text = std::make_shared<std::string>(utf8.size(), '\0');
  const auto* from = reinterpret_cast<const uint8_t*>(utf8.data());
  auto* to = reinterpret_cast<uint8_t*>(text->data());
  size_t at = 0;
  size_t length = 0;
  uint32_t wrong = 0;
  // A line ends in a line end, which is one byte: the one after any other is there.
  while (at + 1 < utf8.size()) {
    const uint32_t lead = from[at];
    const uint32_t next = from[at + 1];
    const uint32_t two = lead >> 7U;
    wrong |= two & static_cast<uint32_t>((lead & 0xfeU) != 0xc2U || (next & 0xc0U) != 0x80U);
    to[length++] = static_cast<uint8_t>(two != 0 ? (lead & 0x03U) << 6U | (next & 0x3fU) : lead);
    at += 1 + two;
  }
  if (at < utf8.size()) {
    wrong |= from[at] >> 7U;
    to[length++] = from[at];
  }
  if (wrong != 0) return nullptr;
  text->resize(length);
  return text;
}

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
    const size_t length = Utf8LengthOfLatin1(line.data, units) + 1;
    // Each character is written as if it took two bytes.
    Bytes wide = Bytes::Allocate(length + 1);
    uint8_t* to = wide.data;
    for (size_t index = 0; index <= units; index++) {
      const uint32_t unit = line.data[index];
      const uint32_t two = unit >> 7U;
      to[0] = static_cast<uint8_t>(two != 0 ? 0xc0U | unit >> 6U : unit);
      to[1] = static_cast<uint8_t>(0x80U | (unit & 0x3fU));
      to += 1 + two;
    }
    wide.size = length;
    return wide;
  }
  const size_t length = Utf8Length(isolate, text);
  Bytes line = Bytes::Allocate(length + 1);
  const size_t written = WriteUtf8(isolate, text, reinterpret_cast<char*>(line.data), length);
  line.data[written] = '\n';
  line.size = written + 1;
  return line;
}

// The string of a line. Empty, with a RangeError pending, when it is longer than strings can be.
v8::MaybeLocal<v8::String> FromLine(v8::Isolate* isolate, std::string_view line, LineInput* input) {
  if (line.size() < kLongLineBytes) return NewString(isolate, line);
  if (line.size() > 2 * static_cast<size_t>(v8::String::kMaxLength)) return ThrowTooLong(isolate);
  if (IsAscii(reinterpret_cast<const uint8_t*>(line.data()), line.size())) {
    if (line.size() > static_cast<size_t>(v8::String::kMaxLength)) return ThrowTooLong(isolate);
    return NewShared(isolate, std::make_shared<const std::string>(input->TakeLine()));
  }
  if (auto text = ToLatin1(line)) {
    if (text->size() > static_cast<size_t>(v8::String::kMaxLength)) return ThrowTooLong(isolate);
    return NewShared(isolate, std::move(text));
  }
  return NewString(isolate, line);
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
    if (input_.incomplete_bytes() > 2 * static_cast<size_t>(v8::String::kMaxLength)) {
      ending_.Decide({"EPROTOCOL", "a line is longer than V8's longest string", 0});
    }
    if (input_.TakeRoom()) outbox_.Emit(SandboxEvent::kRoom);
    return false;
  }
  v8::Isolate* isolate = this->isolate().get();
  v8::Local<v8::String> text;
  const v8::TryCatch caught(isolate);
  if (!FromLine(isolate, line, &input_).ToLocal(&text)) {
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
