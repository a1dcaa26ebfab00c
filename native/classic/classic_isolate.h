// Internal to native/classic: the isolate of a classic Sandbox: the primitives, and the startup
// files that make an environment of them.
#pragma once

#include <v8.h>

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "classic/long_texts.h"
#include "classic/startup_script.h"
#include "sandbox/sandbox_isolate.h"

namespace dcp {

// What the Sandboxes of one evaluator have in common. Immutable.
struct ClassicSetup {
  StartupScripts startup;
  // By number, see TakeLongTexts().
  std::vector<SharedText> long_texts;
  // The body of a function `(host)`: opens WebGPU (src/sandbox/classic.ts).
  std::shared_ptr<SharedScript> webgpu;
  // With no library: Sandboxes have no WebGPU.
  std::shared_ptr<const GpuOffer> gpu;
};

// See SharedScript.
const ScriptPurpose& ClassicWebgpuScript();

class ClassicIsolate final : public SandboxIsolate {
 public:
  ClassicIsolate(const Owner& owner, std::function<void()> wake,
                 std::shared_ptr<const ClassicSetup> setup);
  ~ClassicIsolate() override;

  static ClassicIsolate& Of(v8::Isolate* isolate) {
    return static_cast<ClassicIsolate&>(SandboxIsolate::Of(isolate));
  }

  // Calls what the startup files have given to onreadln() or ontimer(), then runs promise jobs.
  // Empty when it threw, and nobody caught it: why; empty text when it is to end.
  void CallOnLine(v8::Local<v8::String> line);
  void CallOnTimer();
  bool has_on_line() const { return !on_line_.IsEmpty(); }

  // Promises that were rejected and that nobody handles, as text for people; empty when there are
  // none.
  std::string TakeUnhandled();
  // Neither a timer nor anything else will call code here unless a line comes.
  bool OnlyALineCanWakeIt();

  // Null when there is none of that number.
  SharedText long_text(uint32_t number) const {
    return number < setup_->long_texts.size() ? setup_->long_texts[number] : nullptr;
  }

  // The primitives, on the executing thread.
  void SetOnLine(v8::Local<v8::Function> function) { on_line_.Reset(get(), function); }
  void SetOnTimer(v8::Local<v8::Function> function) { on_timer_.Reset(get(), function); }
  // `when_ms` is a time of Date.now(); 0: no timer.
  void SetNextTimer(double when_ms);
  // Makes `navigator.gpu` and the globals, at the first call. False when there is no WebGPU, and
  // when it could not be made: an exception may be pending.
  bool OpenWebgpu(v8::Local<v8::Context> context);

 private:
  void RunFirst(v8::Local<v8::Context> context) override;
  void OnUncaught(v8::Local<v8::Value> thrown) override;
  bool AddPrimitives(v8::Local<v8::Context> context);
  bool AddLongTexts(v8::Local<v8::Context> context);
  bool RunStartupFiles(v8::Local<v8::Context> context);
  void Call(const v8::Global<v8::Function>& function, int argc, v8::Local<v8::Value>* argv);

  const std::shared_ptr<const ClassicSetup> setup_;
  v8::Global<v8::Function> on_line_;
  v8::Global<v8::Function> on_timer_;
  bool webgpu_opened_ = false;
};

}  // namespace dcp
