// Internal to native/sandbox: the script that every Sandbox runs first, and its entry points.
#pragma once

#include <v8.h>

#include <array>
#include <memory>
#include <string>

#include "sandbox/shared_script.h"

namespace dcp {

// The body of a function `(host)`. src/sandbox knows its name.
const ScriptPurpose& PreludeScript();

// The prelude in one isolate. Used on the executing thread, with the isolate entered.
class Prelude {
 public:
  // `Entries` and `JobEntries` of src/sandbox/host.ts say what each does.
  enum Entry : int {
    kPrepare,
    kTimers,
    kRejections,
    kAnswer,
    kStack,
    // From here on: only once Prepare() has been called.
    kAssign,
    kAddBatch,
    kPump,
    kFlush,
    kStuck,
    kUncaught,
    kEntryCount
  };

  explicit Prelude(std::shared_ptr<SharedScript> script) : script_(std::move(script)) {}

  // Compiles and runs it. Answers its realm. Empty when it fails: `*why_not` says why.
  v8::MaybeLocal<v8::Object> Run(v8::Local<v8::Context> context, v8::Local<v8::Object> host,
                                 std::string* why_not);

  // Makes ready for a Job. False when it threw, or was terminated.
  bool Prepare(v8::Local<v8::Context> context, v8::Local<v8::Object> codec, bool rehearse);

  // Empty when it threw, or was terminated.
  v8::MaybeLocal<v8::Value> Call(v8::Local<v8::Context> context, Entry entry, int argc = 0,
                                 v8::Local<v8::Value>* argv = nullptr) const;

  // Whether it is the one that has to OfferCache(): once what every Sandbox needs has run.
  bool makes_cache() const { return !function_.IsEmpty(); }
  void OfferCache(v8::Isolate* isolate);

  // Lets go of everything, before the isolate goes.
  void Clear();

 private:
  // Takes entries from an object, from `first` up to `end`. Answers the one it lacks, null when it
  // has them all.
  const char* Take(v8::Local<v8::Context> context, v8::Local<v8::Object> entries, int first,
                   int end);

  const std::shared_ptr<SharedScript> script_;
  std::array<v8::Global<v8::Function>, kEntryCount> entries_;
  // As long as there is no code cache.
  v8::Global<v8::Function> function_;
};

// The text of an end, bytes. Where there is more it says "...".
constexpr size_t kMaxDescription = size_t{1} << 16;

// What was thrown, as text for people: so much of it.
std::string Describe(v8::Isolate* isolate, const v8::TryCatch& caught);

}  // namespace dcp
