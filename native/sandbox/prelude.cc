#include "sandbox/prelude.h"

#include "v8/strings.h"

namespace dcp {

const ScriptPurpose& PreludeScript() {
  static const auto* purpose = new ScriptPurpose{"dcp:prelude", {"host"}};
  return *purpose;
}

v8::MaybeLocal<v8::Object> Prelude::Run(v8::Local<v8::Context> context, v8::Local<v8::Object> host,
                                        std::string* why_not) {
  v8::Isolate* isolate = v8::Isolate::GetCurrent();
  v8::TryCatch caught(isolate);
  v8::Local<v8::Function> function;
  v8::Local<v8::Value> answer;
  v8::Local<v8::Value> argv[] = {host};
  const bool makes_cache = !script_->has_cache();
  if (!script_->Compile(isolate, context).ToLocal(&function) ||
      !function->Call(context, v8::Undefined(isolate), 1, argv).ToLocal(&answer) ||
      !answer->IsObject()) {
    *why_not = "the prelude failed: " + Describe(isolate, caught);
    return {};
  }
  auto entries = answer.As<v8::Object>();
  if (const char* lacks = Take(context, entries, kPrepare, kAssign)) {
    *why_not = std::string("the prelude has no entry ") + lacks;
    return {};
  }
  v8::Local<v8::Value> realm;
  if (!entries->Get(context, Name(isolate, "realm")).ToLocal(&realm) || !realm->IsObject()) {
    *why_not = "the prelude has no realm";
    return {};
  }
  if (makes_cache) function_.Reset(isolate, function);
  return realm.As<v8::Object>();
}

bool Prelude::Prepare(v8::Local<v8::Context> context, v8::Local<v8::Object> codec, bool rehearse) {
  v8::Isolate* isolate = v8::Isolate::GetCurrent();
  v8::Local<v8::Value> argv[] = {codec, v8::Boolean::New(isolate, rehearse)};
  v8::Local<v8::Value> entries;
  if (!Call(context, kPrepare, 2, argv).ToLocal(&entries)) return false;
  if (entries->IsObject() &&
      Take(context, entries.As<v8::Object>(), kAssign, kEntryCount) == nullptr) {
    return true;
  }
  isolate->ThrowException(v8::Exception::Error(Name(isolate, "the Job's side lacks an entry")));
  return false;
}

const char* Prelude::Take(v8::Local<v8::Context> context, v8::Local<v8::Object> entries, int first,
                          int end) {
  static constexpr const char* kNames[kEntryCount] = {"prepare", "timers", "rejections", "answer",
                                                      "stack",   "assign", "addBatch",   "pump",
                                                      "flush",   "stuck",  "uncaught"};
  v8::Isolate* isolate = v8::Isolate::GetCurrent();
  for (int entry = first; entry < end; entry++) {
    v8::Local<v8::Value> value;
    if (!entries->Get(context, Name(isolate, kNames[entry])).ToLocal(&value) ||
        !value->IsFunction()) {
      return kNames[entry];
    }
    entries_[entry].Reset(isolate, value.As<v8::Function>());
  }
  return nullptr;
}

v8::MaybeLocal<v8::Value> Prelude::Call(v8::Local<v8::Context> context, Entry entry, int argc,
                                        v8::Local<v8::Value>* argv) const {
  v8::Isolate* isolate = v8::Isolate::GetCurrent();
  return entries_[entry].Get(isolate)->Call(context, v8::Undefined(isolate), argc, argv);
}

void Prelude::OfferCache(v8::Isolate* isolate) {
  script_->OfferCache(function_.Get(isolate));
  function_.Reset();
}

void Prelude::Clear() {
  for (auto& entry : entries_) entry.Reset();
  function_.Reset();
}

std::string Describe(v8::Isolate* isolate, const v8::TryCatch& caught) {
  v8::Local<v8::String> text;
  v8::HandleScope scope(isolate);
  v8::Local<v8::Context> context = isolate->GetCurrentContext();
  if (caught.HasCaught() && caught.Exception()->ToDetailString(context).ToLocal(&text)) {
    return ToUtf8(isolate, text, kMaxDescription);
  }
  return "an exception that cannot be shown";
}

}  // namespace dcp
