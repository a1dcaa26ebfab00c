// Internal to native/sandbox: the isolate of a Sandbox that runs Slices: prelude, Work Function,
// modules.
#pragma once

#include <v8.h>

#include <functional>
#include <optional>
#include <vector>

#include "sandbox/assignment.h"
#include "sandbox/modules.h"
#include "sandbox/prelude.h"
#include "sandbox/sandbox_isolate.h"

namespace dcp {

class SliceIsolate final : public SandboxIsolate {
 public:
  SliceIsolate(const Owner& owner, std::function<void()> wake);
  ~SliceIsolate() override;

  // For the functions given to the prelude.
  static SliceIsolate& Of(v8::Isolate* isolate) {
    return static_cast<SliceIsolate&>(SandboxIsolate::Of(isolate));
  }

  // Until Prepare() has run: when to call it if nothing else happens. Infinity afterwards.
  double prepare_at_ms() const { return prepare_at_ms_; }
  // Loads what the Job will need of ours. A rehearsal runs what an assignment runs, so that it is
  // compiled when one comes.
  void Prepare(bool rehearse);

  // What the host hands over. Assign() answers whether the Work Function is there.
  bool Assign(Assignment assignment);
  void AddBatch(SliceBatch batch);
  void Reply(Answer answer);

  // Calls the prelude, then runs promise jobs. Empty when the Sandbox is to end.
  v8::MaybeLocal<v8::Value> Call(Prelude::Entry entry, int argc = 0,
                                 v8::Local<v8::Value>* argv = nullptr);
  // A Slice waits for a promise, and nothing can happen any more that would settle it.
  bool HasNothingToWaitFor();
  // Once the first Slices have run, and with them the code that every Sandbox of the Job needs.
  void OfferModulesCache();

  // Null when none came with the Job.
  const Modules* modules() const { return modules_ ? &*modules_ : nullptr; }
  // The function of the modules' script. Empty when there is none; when it does not compile, with
  // an exception pending.
  v8::MaybeLocal<v8::Function> CompileModules();

 private:
  void RunFirst(v8::Local<v8::Context> context) override;
  void OnUncaught(v8::Local<v8::Value> thrown) override;
  // V8 asks for the text of a stack, which it does when one is first read.
  static v8::MaybeLocal<v8::Value> FormatStack(v8::Local<v8::Context> context,
                                               v8::Local<v8::Value> error,
                                               v8::Local<v8::Array> sites);
  v8::Local<v8::Array> AdoptSegments(std::vector<Bytes> segments);

  Prelude prelude_;
  std::optional<Modules> modules_;
  // Until its code has been offered to the next Sandboxes.
  v8::Global<v8::Function> modules_function_;
  double prepare_at_ms_;
};

}  // namespace dcp
