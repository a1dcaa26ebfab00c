#include "sandbox/slice_isolate.h"

#include <string>
#include <utility>

#include "isolate/clock.h"
#include "sandbox/host_functions.h"
#include "v8/strings.h"

namespace dcp {

namespace {

// A Sandbox that is wanted at once gets its Job within that time, and prepares for nothing else.
constexpr double kPrepareAfterMs = 2;

}  // namespace

// ---- Beginning and end
// -------------------------------------------------------------------------------------------

SliceIsolate::SliceIsolate(const Owner& owner, std::function<void()> wake)
    : SandboxIsolate(owner, std::move(wake), AddPreludeFunctions),
      prelude_(owner.options->scripts->prelude),
      prepare_at_ms_(kNever) {}

SliceIsolate::~SliceIsolate() {
  EnteredIsolate entered(get());
  prelude_.Clear();
  modules_function_.Reset();
}

void SliceIsolate::RunFirst(v8::Local<v8::Context> context) {
  v8::Local<v8::Object> host =
      MakeHostObject(context, owner_.control, sizeof *owner_.control / sizeof(double));
  v8::Local<v8::Object> realm;
  std::string why_not;
  if (!prelude_.Run(context, host, &why_not).ToLocal(&realm)) return Fail(why_not);
  environment().Attach(get(), host, realm);
  if (prelude_.makes_cache()) {
    // The first of the process goes through everything at once, for the cache.
    Prepare(true);
    if (owner_.ending->decided()) return;
  } else {
    prepare_at_ms_ = MonotonicMs() + kPrepareAfterMs;
  }
  RunPromiseJobs();
}

void SliceIsolate::Prepare(bool rehearse) {
  prepare_at_ms_ = kNever;
  v8::Isolate* isolate = get();
  v8::Local<v8::Context> context = isolate->GetCurrentContext();
  v8::TryCatch caught(isolate);
  v8::Local<v8::Object> codec;
  // No limit of the Job's applies: nothing of a Job has run. The codec looks for what the web has
  // and a bare isolate lacks, so it comes before the names that would load on sight.
  const auto prepare = [&] {
    if (!environment().Load(context, "codec").ToLocal(&codec)) return false;
    return prelude_.Prepare(context, codec, rehearse) && environment().Install(context);
  };
  if (!prepare()) return Fail("the prelude failed: " + Describe(isolate, caught));
  environment().OfferCaches();
  // Last: whoever finds this one cached finds the others, and need not rehearse for them.
  if (prelude_.makes_cache()) prelude_.OfferCache(isolate);
}

// ---- What the host hands over
// ------------------------------------------------------------------------------------

bool SliceIsolate::Assign(Assignment assignment) {
  v8::Isolate* isolate = get();
  v8::Local<v8::String> description;
  v8::Local<v8::String> work_function;
  if (!NewString(isolate, assignment.description).ToLocal(&description) ||
      !NewString(isolate, assignment.work_function).ToLocal(&work_function)) {
    owner_.ending->Decide(
        {"EWORKFUNCTION", "the Work Function is longer than V8's longest string", 0});
    return false;
  }
  if (prepare_at_ms_ != kNever) Prepare(false);
  if (owner_.ending->decided()) return false;
  modules_ = std::move(assignment.modules);
  if (assignment.gpu) {
    std::string why_not;
    if (!OpenGpu(*assignment.gpu, &why_not)) {
      owner_.ending->Decide({"EREQUIREMENT", why_not, 0});
      return false;
    }
  }
  v8::Local<v8::Value> argv[] = {
      description,
      v8::Boolean::New(isolate, assignment.plain),
      work_function,
      assignment.arguments.head.size == 0
          ? v8::Null(isolate).As<v8::Value>()
          : AdoptBytes(isolate, std::move(assignment.arguments.head)).As<v8::Value>(),
      AdoptSegments(std::move(assignment.arguments.segments)),
  };
  v8::Local<v8::Value> failure;
  if (!Call(Prelude::kAssign, 5, argv).ToLocal(&failure)) return false;
  if (failure->IsString()) {
    // The prelude cuts it with what the Work Function could replace.
    owner_.ending->Decide(
        {"EWORKFUNCTION", ToUtf8(isolate, failure.As<v8::String>(), kMaxDescription), 0});
    return false;
  }
  owner_.deadlines->SetLoaded();
  return true;
}

void SliceIsolate::AddBatch(SliceBatch batch) {
  segments().BeginBatch();
  v8::Isolate* isolate = get();
  Columns& payloads = batch.payloads;
  v8::Local<v8::Value> argv[] = {
      AdoptBytes(isolate, std::move(batch.numbers.bytes)),
      AdoptBytes(isolate, std::move(payloads.heads)),
      AdoptBytes(isolate, std::move(payloads.head_ends.bytes)),
      AdoptSegments(std::move(payloads.segments)),
      AdoptBytes(isolate, std::move(payloads.segment_ends.bytes)),
  };
  Call(Prelude::kAddBatch, 5, argv);
}

void SliceIsolate::Reply(Answer answer) {
  v8::Isolate* isolate = get();
  v8::Local<v8::String> text;
  if (!NewString(isolate, answer.text).ToLocal(&text)) return;
  size_t bytes = 0;
  for (const Bytes& segment : answer.segments) bytes += segment.size;
  segments().BeginBatch();
  // Unlike the data of a Slice, these are more the more the Work Function asks for.
  const bool fits = segments().MakeRoom(bytes);
  v8::Local<v8::Value> argv[] = {
      v8::Number::New(isolate, answer.request),
      text,
      fits ? AdoptSegments(std::move(answer.segments)).As<v8::Value>()
           : v8::Null(isolate).As<v8::Value>(),
  };
  Call(Prelude::kAnswer, 3, argv);
}

v8::Local<v8::Array> SliceIsolate::AdoptSegments(std::vector<Bytes> segments) {
  std::vector<v8::Local<v8::Value>> buffers;
  buffers.reserve(segments.size());
  for (Bytes& segment : segments) buffers.push_back(this->segments().Adopt(std::move(segment)));
  return v8::Array::New(get(), buffers.data(), buffers.size());
}

v8::MaybeLocal<v8::Function> SliceIsolate::CompileModules() {
  v8::Isolate* isolate = get();
  v8::Local<v8::Function> function;
  if (!modules_ ||
      !modules_->script->Compile(isolate, isolate->GetCurrentContext()).ToLocal(&function)) {
    return {};
  }
  if (!modules_->script->has_cache()) modules_function_.Reset(isolate, function);
  // Positions of other code are those of its source already.
  isolate->SetPrepareStackTraceCallback(FormatStack);
  return function;
}

v8::MaybeLocal<v8::Value> SliceIsolate::FormatStack(v8::Local<v8::Context> context,
                                                    v8::Local<v8::Value> error,
                                                    v8::Local<v8::Array> sites) {
  v8::Local<v8::Value> argv[] = {error, sites};
  return Of(v8::Isolate::GetCurrent()).prelude_.Call(context, Prelude::kStack, 2, argv);
}

void SliceIsolate::OfferModulesCache() {
  if (modules_function_.IsEmpty()) return;
  modules_->script->OfferCache(modules_function_.Get(get()));
  modules_function_.Reset();
}

// ---- Running
// -----------------------------------------------------------------------------------------------

v8::MaybeLocal<v8::Value> SliceIsolate::Call(Prelude::Entry entry, int argc,
                                             v8::Local<v8::Value>* argv) {
  v8::Isolate* isolate = get();
  v8::TryCatch caught(isolate);
  v8::Local<v8::Value> result;
  {
    const Deadlines::Running running(owner_.deadlines);
    if (entry == Prelude::kPump) owner_.deadlines->OnBegin();
    if (!prelude_.Call(isolate->GetCurrentContext(), entry, argc, argv).ToLocal(&result)) {
      // A termination has its reason set by whoever asked for it. Anything else is a fault of the
      // prelude, which a Work Function can only bring about by breaking what the prelude relies on.
      Fail("the Sandbox failed: " + Describe(isolate, caught));
      return {};
    }
  }
  RunPromiseJobs();
  return result;
}

void SliceIsolate::OnUncaught(v8::Local<v8::Value> thrown) {
  v8::Local<v8::Value> argv[] = {thrown};
  prelude_.Call(get()->GetCurrentContext(), Prelude::kUncaught, 1, argv);
}

bool SliceIsolate::HasNothingToWaitFor() {
  const Control& control = *owner_.control;
  return control.awaited_timers == 0 && control.open_requests == 0 && NothingIsUnderWay();
}

}  // namespace dcp
