#include "classic/classic_isolate.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <utility>
#include <vector>

#include "classic/classic_sandbox.h"
#include "isolate/clock.h"
#include "sandbox/host_functions.h"
#include "v8/external_strings.h"
#include "v8/rethrow.h"
#include "v8/strings.h"

namespace dcp {

namespace {

// What is said of something that was thrown, in bytes: a text may be as long as V8's longest
// string, and however often it is copied here, no account of the Sandbox's has it.
constexpr size_t kMaxThrown = 4096;
// Promises of which it is said that nobody handles them, of all that were rejected in one turn.
constexpr uint32_t kMaxUnhandled = 16;

// log(text), for our own scripts
void Log(const Arguments& info) {
  v8::Isolate* isolate = info.GetIsolate();
  v8::Local<v8::String> text;
  if (info[0]->ToString(isolate->GetCurrentContext()).ToLocal(&text)) {
    ClassicSandbox::Of(isolate).Log(ToUtf8(isolate, text, kMaxThrown));
  }
}

void AddClassicFunctions(HostObject* host) { host->Add("log", Log); }

// performance.now() is no finer: shared memory and a fine clock together would tell of neighbours.
constexpr double kClockStepMs = 0.1;

double WallMs() {
  return std::chrono::duration<double, std::milli>(
             std::chrono::system_clock::now().time_since_epoch())
      .count();
}

// ---- The primitives. The startup files take them off the global object again.

// writeln(line)
void WriteLine(const Arguments& info) {
  v8::Isolate* isolate = info.GetIsolate();
  v8::Local<v8::String> line;
  if (!info[0]->ToString(isolate->GetCurrentContext()).ToLocal(&line)) return;
  ClassicSandbox::Of(isolate).WriteLine(line);
}

// onreadln(function): called with each line, its end included
void OnReadLine(const Arguments& info) {
  v8::Isolate* isolate = info.GetIsolate();
  if (!info[0]->IsFunction()) return ThrowTypeError(isolate, "onreadln: a function expected");
  ClassicIsolate::Of(isolate).SetOnLine(info[0].As<v8::Function>());
}

// die(): the Sandbox ends
void Die(const Arguments& info) { ClassicSandbox::Of(info.GetIsolate()).Die(); }

// ontimer(function): called once when the time has come that nextTimer() set
void OnTimer(const Arguments& info) {
  v8::Isolate* isolate = info.GetIsolate();
  if (!info[0]->IsFunction()) return ThrowTypeError(isolate, "ontimer: a function expected");
  ClassicIsolate::Of(isolate).SetOnTimer(info[0].As<v8::Function>());
}

// nextTimer(when): a time of Date.now(); 0: none
void NextTimer(const Arguments& info) {
  v8::Isolate* isolate = info.GetIsolate();
  double when_ms = 0;
  if (info[0]->NumberValue(isolate->GetCurrentContext()).To(&when_ms)) {
    ClassicIsolate::Of(isolate).SetNextTimer(when_ms);
  }
}

// performance.now()
void PerformanceNow(const Arguments& info) {
  const double start_ms = info.Data().As<v8::Number>()->Value();
  const double steps = std::floor((MonotonicMs() - start_ms) / kClockStepMs);
  info.GetReturnValue().Set(steps * kClockStepMs);
}

// A text that was taken out of the startup files, for their own code.
void LongText(const Arguments& info) {
  v8::Isolate* isolate = info.GetIsolate();
  const SharedText text =
      info[0]->IsUint32() ? ClassicIsolate::Of(isolate).long_text(info[0].As<v8::Uint32>()->Value())
                          : nullptr;
  v8::Local<v8::String> string;
  if (text && NewShared(isolate, text).ToLocal(&string)) info.GetReturnValue().Set(string);
}

// initWebGPU(): a promise of whether there is WebGPU now
void InitWebgpu(const Arguments& info) {
  v8::Isolate* isolate = info.GetIsolate();
  v8::Local<v8::Context> context = isolate->GetCurrentContext();
  v8::Local<v8::Promise::Resolver> resolver;
  if (!v8::Promise::Resolver::New(context).ToLocal(&resolver)) return;
  info.GetReturnValue().Set(resolver->GetPromise());
  v8::TryCatch caught(isolate);
  const bool opened = ClassicIsolate::Of(isolate).OpenWebgpu(context);
  if (caught.HasTerminated()) {
    Rethrow(isolate, caught);
  } else if (caught.HasCaught()) {
    resolver->Reject(context, caught.Exception()).FromMaybe(false);
  } else {
    resolver->Resolve(context, v8::Boolean::New(isolate, opened)).FromMaybe(false);
  }
}

// What a script or callback threw, with its stack where it has one, cut where it is long.
std::string WhatWasThrown(v8::Isolate* isolate, v8::Local<v8::Value> thrown) {
  v8::TryCatch caught(isolate);
  v8::Local<v8::Context> context = isolate->GetCurrentContext();
  v8::Local<v8::Value> stack;
  v8::Local<v8::String> text;
  if (thrown->IsNativeError() &&
      thrown.As<v8::Object>()->Get(context, Name(isolate, "stack")).ToLocal(&stack) &&
      stack->IsString()) {
    return ToUtf8(isolate, stack.As<v8::String>(), kMaxThrown);
  }
  if (thrown->ToDetailString(context).ToLocal(&text)) return ToUtf8(isolate, text, kMaxThrown);
  return "something that cannot be shown";
}

}  // namespace

const ScriptPurpose& ClassicWebgpuScript() {
  static const auto* purpose = new ScriptPurpose{"dcp:classic-webgpu", {"host"}};
  return *purpose;
}

// ---- Beginning and end
// -------------------------------------------------------------------------------------------

ClassicIsolate::ClassicIsolate(const Owner& owner, std::function<void()> wake,
                               std::shared_ptr<const ClassicSetup> setup)
    : SandboxIsolate(owner, std::move(wake), AddClassicFunctions), setup_(std::move(setup)) {}

ClassicIsolate::~ClassicIsolate() {
  EnteredIsolate entered(get());
  on_line_.Reset();
  on_timer_.Reset();
}

void ClassicIsolate::RunFirst(v8::Local<v8::Context> context) {
  const Deadlines::Running running(owner_.deadlines);
  if (!AddPrimitives(context)) return Fail("the primitives could not be made");
  if (RunStartupFiles(context)) RunPromiseJobs();
}

bool ClassicIsolate::AddPrimitives(v8::Local<v8::Context> context) {
  v8::Isolate* isolate = get();
  v8::Local<v8::Object> global = context->Global();
  HostObject primitives(context, global);
  primitives.Add("self", global);
  primitives.Add("writeln", dcp::WriteLine);
  primitives.Add("onreadln", OnReadLine);
  primitives.Add("die", dcp::Die);
  primitives.Add("ontimer", OnTimer);
  primitives.Add("nextTimer", NextTimer);
  primitives.Add("initWebGPU", InitWebgpu);

  v8::Local<v8::Object> performance = v8::Object::New(isolate);
  HostObject clock(context, performance);
  v8::Local<v8::Function> now;
  if (!v8::Function::New(context, PerformanceNow, v8::Number::New(isolate, MonotonicMs()), 0,
                         v8::ConstructorBehavior::kThrow)
           .ToLocal(&now)) {
    return false;
  }
  clock.Add("now", now);
  clock.Add("timeOrigin", v8::Number::New(isolate, std::floor(WallMs())));
  primitives.Add("performance", performance);

  v8::Local<v8::Object> navigator = v8::Object::New(isolate);
  HostObject agent(context, navigator);
  agent.Add("userAgent", Name(isolate, "dcp-evaluator"));
  primitives.Add("navigator", navigator);
  return primitives.ok() && clock.ok() && agent.ok() && AddLongTexts(context);
}

bool ClassicIsolate::AddLongTexts(v8::Local<v8::Context> context) {
  if (setup_->long_texts.empty()) return true;
  v8::Local<v8::Function> function;
  constexpr auto kHidden =
      static_cast<v8::PropertyAttribute>(v8::ReadOnly | v8::DontEnum | v8::DontDelete);
  return v8::Function::New(context, LongText, {}, 0, v8::ConstructorBehavior::kThrow)
             .ToLocal(&function) &&
         context->Global()
             ->DefineOwnProperty(context, Name(get(), kLongTextFunction), function, kHidden)
             .FromMaybe(false);
}

bool ClassicIsolate::RunStartupFiles(v8::Local<v8::Context> context) {
  v8::Isolate* isolate = get();
  std::vector<v8::Local<v8::UnboundScript>> compiled;
  for (const auto& file : setup_->startup) {
    v8::TryCatch caught(isolate);
    v8::Local<v8::Script> script;
    if (!file->Compile(isolate, context).ToLocal(&script) || script->Run(context).IsEmpty()) {
      // Not what it threw when it was told to end, or has died.
      if (!owner_.ending->decided()) {
        Fail("the startup file " + file->name() + " failed: " +
             (caught.HasCaught() ? WhatWasThrown(isolate, caught.Exception()) : "for no reason"));
      }
      return false;
    }
    compiled.push_back(script->GetUnboundScript());
  }
  // All have run: what the first Sandbox needed of them is compiled, and is so for the next ones.
  for (size_t index = 0; index < compiled.size(); index++) {
    setup_->startup[index]->OfferCache(compiled[index]);
  }
  return true;
}

// ---- Running
// -----------------------------------------------------------------------------------------------

void ClassicIsolate::Call(const v8::Global<v8::Function>& function, int argc,
                          v8::Local<v8::Value>* argv) {
  v8::Isolate* isolate = get();
  v8::Local<v8::Context> context = isolate->GetCurrentContext();
  {
    v8::TryCatch caught(isolate);
    const Deadlines::Running running(owner_.deadlines);
    if (function.Get(isolate)->Call(context, context->Global(), argc, argv).IsEmpty() &&
        !owner_.ending->decided()) {
      OnUncaught(caught.Exception());
    }
  }
  if (!owner_.ending->decided()) RunPromiseJobs();
}

void ClassicIsolate::OnUncaught(v8::Local<v8::Value> thrown) {
  ClassicSandbox::Of(get()).Log("Uncaught " + WhatWasThrown(get(), thrown));
}

void ClassicIsolate::CallOnLine(v8::Local<v8::String> line) {
  v8::Local<v8::Value> argv[] = {line};
  Call(on_line_, 1, argv);
}

void ClassicIsolate::CallOnTimer() {
  if (!on_timer_.IsEmpty()) Call(on_timer_, 0, nullptr);
}

void ClassicIsolate::SetNextTimer(double when_ms) {
  // Relative to the clock that timers are kept by; what sets it may come early by a part of Date's
  // millisecond, never late.
  const bool none = !(when_ms > 0) || std::isinf(when_ms);
  owner_.control->next_timer_ms = none ? 0 : std::max(1e-3, MonotonicMs() + when_ms - WallMs());
}

std::string ClassicIsolate::TakeUnhandled() {
  v8::Isolate* isolate = get();
  v8::Local<v8::Context> context = isolate->GetCurrentContext();
  // Promise, reason and a number for each; -1 says that it is handled meanwhile.
  v8::Local<v8::Array> taken = TakeRejections();
  std::string text;
  uint32_t unhandled = 0;
  for (uint32_t at = 0; at + 2 < taken->Length(); at += 3) {
    v8::Local<v8::Value> reason;
    v8::Local<v8::Value> number;
    if (!taken->Get(context, at + 1).ToLocal(&reason) ||
        !taken->Get(context, at + 2).ToLocal(&number)) {
      break;
    }
    if (number->IsNumber() && number.As<v8::Number>()->Value() < 0) continue;
    if (++unhandled > kMaxUnhandled) continue;
    const Deadlines::Running running(owner_.deadlines);
    if (!text.empty()) text += '\n';
    text += WhatWasThrown(isolate, reason);
  }
  if (unhandled > kMaxUnhandled) {
    text += "\nand " + std::to_string(unhandled - kMaxUnhandled) + " more";
  }
  return text;
}

bool ClassicIsolate::OnlyALineCanWakeIt() {
  return owner_.control->next_timer_ms == 0 && NothingIsUnderWay();
}

bool ClassicIsolate::OpenWebgpu(v8::Local<v8::Context> context) {
  if (webgpu_opened_) return gpu() != nullptr;
  webgpu_opened_ = true;
  v8::Isolate* isolate = get();
  std::string why_not;
  if (!OpenGpu(*setup_->gpu, &why_not)) {
    ClassicSandbox::Of(isolate).Log("no WebGPU: " + why_not);
    return false;
  }
  // The script answers the realm that the environment's groups share.
  v8::Local<v8::Object> host =
      MakeHostObject(context, owner_.control, sizeof *owner_.control / sizeof(double));
  v8::Local<v8::Function> script;
  v8::Local<v8::Value> realm;
  v8::Local<v8::Object> exports;
  v8::Local<v8::Value> argv[] = {host};
  if (!setup_->webgpu->Compile(isolate, context).ToLocal(&script) ||
      !script->Call(context, v8::Undefined(isolate), 1, argv).ToLocal(&realm)) {
    return false;
  }
  environment().Attach(isolate, host, realm.As<v8::Object>());
  if (!environment().Load(context, "webgpu").ToLocal(&exports)) return false;
  setup_->webgpu->OfferCache(script);
  environment().OfferCaches();

  v8::Local<v8::Array> names;
  v8::Local<v8::Value> navigator;
  v8::Local<v8::Object> global = context->Global();
  if (!exports->GetOwnPropertyNames(context).ToLocal(&names) ||
      !global->Get(context, Name(isolate, "navigator")).ToLocal(&navigator)) {
    return false;
  }
  v8::Local<v8::String> gpu_name = Name(isolate, "gpu");
  for (uint32_t at = 0; at < names->Length(); at++) {
    v8::Local<v8::Value> name;
    v8::Local<v8::Value> value;
    if (!names->Get(context, at).ToLocal(&name) || !exports->Get(context, name).ToLocal(&value)) {
      return false;
    }
    const bool is_gpu = name->StrictEquals(gpu_name);
    if (is_gpu && !navigator->IsObject()) continue;
    v8::Local<v8::Object> target = is_gpu ? navigator.As<v8::Object>() : global;
    if (!target
             ->DefineOwnProperty(context, name.As<v8::Name>(), value,
                                 is_gpu ? v8::None : v8::DontEnum)
             .FromMaybe(false)) {
      return false;
    }
  }
  return true;
}

}  // namespace dcp
