#include "webgpu/convert.h"

#include <algorithm>
#include <cmath>
#include <string>
#include <utility>
#include <vector>

#include "v8/strings.h"
#include "webgpu/features.h"
#include "webgpu/runtime.h"

namespace dcp::webgpu {

namespace {

// Longer strings than this are cut where a message shows them.
constexpr size_t kShownBytes = 64;

std::string Spell(const Where& where) {
  std::vector<const Where*> parts;
  const Where* at = &where;
  for (; at->outer != nullptr; at = at->outer) parts.push_back(at);
  std::string text(at->name);
  text.append(": ");
  const size_t path_at = text.size();
  for (size_t left = parts.size(); left > 0; left--) {
    const Where* const part = parts[left - 1];
    if (part->name == nullptr) {
      text.append("[").append(std::to_string(part->index)).append("]");
    } else {
      if (text.size() > path_at) text.append(".");
      text.append(part->name);
    }
  }
  if (!parts.empty()) text.append(": ");
  return text;
}

std::string Plain(double number) {
  std::string text = std::to_string(number);
  if (text.find('.') != std::string::npos) {
    text.erase(text.find_last_not_of('0') + 1);
    if (text.back() == '.') text.pop_back();
  }
  return text;
}

}  // namespace

void ThrowTooFew(const Info& info, const Where& call, int required) {
  const std::string text = std::string(call.name) + ": " + std::to_string(required) +
                           (required == 1 ? " argument" : " arguments") + " required, but only " +
                           std::to_string(info.Length()) + " present";
  info.GetIsolate()->ThrowException(v8::Exception::TypeError(Name(info.GetIsolate(), text)));
}

Conversion::Conversion(Runtime& of, v8::Isolate* in) : runtime(of), isolate(in) {
  runtime.LetInterruptHappen();
}

bool Conversion::Fail(const Where& where, const std::string& what) {
  return Throw(Spell(where) + what);
}

bool Conversion::Throw(const std::string& message) {
  if (read_ != nullptr) {
    failure_ = Keep(message);
    return false;
  }
  v8::Local<v8::String> text;
  if (NewString(isolate, message).ToLocal(&text))
    isolate->ThrowException(v8::Exception::TypeError(text));
  return false;
}

bool Conversion::FailOutOfMemory() {
  isolate->ThrowException(
      v8::Exception::RangeError(Name(isolate, "more arguments than there is memory for")));
  return false;
}

bool Conversion::FailTooMany(const Where& where) {
  isolate->ThrowException(v8::Exception::RangeError(
      Name(isolate, Spell(where) + "more than " + std::to_string(kMostElements) +
                        " elements in the sequences of one call")));
  return false;
}

bool Conversion::Missing(const Where& where, const char* member) {
  return Fail({&where, member}, "required, and missing");
}

std::string Conversion::Show(v8::Local<v8::Value> value) {
  if (value->IsString()) {
    std::string text = ToUtf8(isolate, value.As<v8::String>());
    const bool cut = text.size() > kShownBytes;
    if (cut) text.resize(kShownBytes);
    return std::string("'").append(text).append(cut ? "…'" : "'");
  }
  if (value->IsNumber()) {
    const double number = value.As<v8::Number>()->Value();
    if (std::isfinite(number)) return Plain(number);
    return std::isnan(number) ? "NaN" : number < 0 ? "-Infinity" : "Infinity";
  }
  if (value->IsNull()) return "null";
  return ToUtf8(isolate, value->TypeOf(isolate));
}

std::string_view Conversion::Keep(const std::string& text) {
  auto* const kept = static_cast<char*>(arena.Allocate(text.size()));
  if (kept == nullptr) return "refused, and there is no memory to say why";
  std::copy(text.begin(), text.end(), kept);
  return {kept, text.size()};
}

void Conversion::Own(WGPUTextureView view) {
  auto* const owned = arena.New<OwnedView>();
  if (owned == nullptr) return;
  *owned = {view, views_};
  views_ = owned;
}

void Conversion::ReleaseViews() {
  for (; views_ != nullptr; views_ = views_->next) {
    runtime.procs().textureViewRelease(views_->view);
  }
}

void Conversion::ChargeErrorScopes() const { runtime.ChargeErrorScopes(arena.used()); }

// ---- Dictionaries

bool Conversion::ToDictionary(v8::Local<v8::Value> value, const Where& where,
                              v8::Local<v8::Object>* object) {
  if (value->IsObject()) {
    *object = value.As<v8::Object>();
    return true;
  }
  return value->IsNullOrUndefined() || Fail(where, "an object expected, got " + Show(value));
}

bool Conversion::GetProperty(v8::Local<v8::Object> object, Str name, v8::Local<v8::Value>* value) {
  return object->Get(context(), runtime.strings().Get(name)).ToLocal(value);
}

bool Conversion::ReadBy(Reader reader, v8::Local<v8::Value> value, void const* closure,
                        bool (*convert)(void const* closure)) {
  // A getter that a reader has called.
  if (runtime.reading != nullptr) return convert(closure);
  Reading reading{this, closure, convert};
  runtime.reading = &reading;
  const bool returned =
      !runtime.reader(reader)->Call(context(), v8::Undefined(isolate), 1, &value).IsEmpty();
  runtime.reading = nullptr;
  if (returned && !failure_.empty()) return Throw(std::string(std::exchange(failure_, {})));
  return returned && reading.converted;
}

bool Conversion::ConvertRead(const Info& info, const Reading& reading) {
  read_ = &info;
  next_read_ = 1;
  const int said = info[0]->IsInt32() ? info[0].As<v8::Int32>()->Value() : 0;
  read_end_ = 1 + std::clamp(said, 0, std::max(info.Length() - 1, 0));
  const bool converted = reading.convert(reading.closure);
  read_ = nullptr;
  next_read_ = read_end_ = 0;
  return converted;
}

// ---- Plain values

bool Conversion::ToWhole(v8::Local<v8::Value> value, const Where& where, double least, double most,
                         double* result) {
  double number;
  if (!value->NumberValue(context()).To(&number)) return false;
  if (std::isnan(number) || std::isinf(number))
    return Fail(where, "a finite number expected, got " + Show(value));
  const double whole = std::trunc(number);
  if (whole < least || whole > most) {
    return Fail(where, "a number from " + Plain(least) + " to " + Plain(most) + " expected, got " +
                           Show(value));
  }
  // No -0.
  *result = whole + 0.0;
  return true;
}

bool Conversion::ToClamped(v8::Local<v8::Value> value, const Where&, uint16_t* result) {
  double number;
  if (!value->NumberValue(context()).To(&number)) return false;
  if (std::isnan(number)) number = 0;
  // Halves go to the even neighbour.
  *result = static_cast<uint16_t>(std::nearbyint(std::clamp(number, 0.0, 65535.0)));
  return true;
}

bool Conversion::ToModulo(v8::Local<v8::Value> value, uint32_t* result) {
  return value->Uint32Value(context()).To(result);
}

bool Conversion::ToNumber(v8::Local<v8::Value> value, const Where& where, double* result) {
  if (!value->NumberValue(context()).To(result)) return false;
  return std::isfinite(*result) || Fail(where, "a finite number expected, got " + Show(value));
}

bool Conversion::ToNumber(v8::Local<v8::Value> value, const Where& where, float* result) {
  double number;
  if (!ToNumber(value, where, &number)) return false;
  *result = static_cast<float>(number);
  return std::isfinite(*result) ||
         Fail(where, "a number that a float can hold expected, got " + Show(value));
}

bool Conversion::ToString(v8::Local<v8::Value> value, WGPUStringView* result) {
  v8::Local<v8::String> string;
  if (!value->ToString(context()).ToLocal(&string)) return false;
  const size_t size = string->Length() == 0 ? 0 : Utf8Length(isolate, string);
  auto* const text = static_cast<char*>(arena.Allocate(size + 1));
  if (text == nullptr) return FailOutOfMemory();
  *result = {text, size == 0 ? 0 : WriteUtf8(isolate, string, text, size)};
  text[result->length] = '\0';
  return true;
}

bool Conversion::ToEnum(v8::Local<v8::Value> value, const Where& where, EnumId id,
                        uint32_t* result) {
  v8::Local<v8::String> string;
  if (value->IsString()) {
    string = value.As<v8::String>();
  } else if (!value->ToString(context()).ToLocal(&string)) {
    return false;
  }
  if (!runtime.strings().EnumValue(id, string, result))
    return Fail(where, Show(string) + " is not a valid " + kEnumNames[static_cast<size_t>(id)]);
  if (id == EnumId::kGPUTextureFormat || id == EnumId::kGPUQueryType)
    needed_features_ |= FeaturesFor(id, *result);
  return true;
}

void Conversion::Refuse(const Where& where, const std::string& what) {
  if (refusal_.empty()) refusal_ = Keep(Spell(where) + what);
}

bool Conversion::CheckFeatures(v8::Local<v8::Object> self, const Where& where) {
  if (!refusal_.empty()) return Throw(std::string(refusal_));
  const auto* const device = Object::Of(runtime.DeviceOf(self).As<v8::Object>());
  for (uint32_t index = 0; index < kFeatureNeedCount; index++) {
    if ((needed_features_ & (1u << index)) == 0) continue;
    v8::Local<v8::String> name = runtime.strings().Get(kFeatureNeeds[index]);
    uint32_t feature;
    // One that this Dawn does not know no device has.
    if (!runtime.strings().EnumValue(EnumId::kGPUFeatureName, name, &feature) ||
        !runtime.procs().deviceHasFeature(device->handle<WGPUDevice>(),
                                          static_cast<WGPUFeatureName>(feature))) {
      return Fail(where, "the device does not have the feature " + Show(name));
    }
  }
  return true;
}

bool Conversion::ToHandle(v8::Local<v8::Value> value, const Where& where, Kind kind,
                          void** handle) {
  const Object* const object = Object::OfAny(value);
  if (object == nullptr || object->kind != kind) {
    return Fail(where, std::string("a ") + kKindNames[static_cast<size_t>(kind)] +
                           " expected, got " + Show(value));
  }
  *handle = object->raw_handle();
  return Note(*object);
}

bool Conversion::Note(const Object& object) {
  if (!object.kept) return true;
  const std::shared_ptr<Kept>** const place = named_.Add();
  if (place == nullptr) return FailOutOfMemory();
  *place = &object.kept;
  return true;
}

// ---- Sequences and records

bool Conversion::GetIterator(v8::Local<v8::Object> object, v8::Local<v8::Value>* method) {
  return TakeRead(method) ||
         object->Get(context(), v8::Symbol::GetIterator(isolate)).ToLocal(method);
}

bool Conversion::IsPlainArray(v8::Local<v8::Object> object, v8::Local<v8::Value> method) {
  return object->IsArray() && method == runtime.array_values();
}

bool Conversion::NextOfArray(v8::Local<v8::Object> object, uint32_t index,
                             v8::Local<v8::Value>* element, bool* done) {
  if (TakeRead(element)) {
    *done = *element == runtime.read_end();
    return true;
  }
  double length;
  if (object->IsArray()) {
    length = object.As<v8::Array>()->Length();
  } else {
    v8::Local<v8::Value> given;
    if (!GetProperty(object, Str::k_length, &given) || !given->NumberValue(context()).To(&length)) {
      return false;
    }
  }
  // NaN is no length.
  *done = !(index < std::trunc(length));
  return *done || object->Get(context(), index).ToLocal(element);
}

bool Conversion::Begin(v8::Local<v8::Object> object, v8::Local<v8::Value> method,
                       const Where& where, Iteration* iteration) {
  v8::Local<v8::Value> iterator;
  v8::Local<v8::Value> next;
  if (!method->IsFunction()) return Fail(where, "its Symbol.iterator is no function");
  if (!method.As<v8::Function>()->Call(context(), object, 0, nullptr).ToLocal(&iterator))
    return false;
  if (!iterator->IsObject()) return Fail(where, "its iterator is no object");
  iteration->iterator = iterator.As<v8::Object>();
  if (!Get(iteration->iterator, Str::k_next, &next)) return false;
  if (!next->IsFunction()) return Fail(where, "its iterator has no function next");
  iteration->next = next.As<v8::Function>();
  return true;
}

bool Conversion::Next(Iteration* iteration, const Where& where, v8::Local<v8::Value>* value,
                      bool* done) {
  v8::Local<v8::Value> result;
  v8::Local<v8::Value> is_done;
  if (!iteration->next->Call(context(), iteration->iterator, 0, nullptr).ToLocal(&result))
    return false;
  if (!result->IsObject()) return Fail(where, "its iterator's next() answers no object");
  if (!Get(result.As<v8::Object>(), Str::k_done, &is_done)) return false;
  *done = is_done->BooleanValue(isolate);
  return *done || Get(result.As<v8::Object>(), Str::k_value, value);
}

bool Conversion::OwnKeys(v8::Local<v8::Object> object, v8::Local<v8::Array>* keys) {
  return object
      ->GetPropertyNames(context(), v8::KeyCollectionMode::kOwnOnly, v8::ALL_PROPERTIES,
                         v8::IndexFilter::kIncludeIndices, v8::KeyConversionMode::kConvertToString)
      .ToLocal(keys);
}

bool Conversion::GetEnumerable(v8::Local<v8::Object> object, v8::Local<v8::Value> key,
                               bool* enumerable, v8::Local<v8::Value>* value) {
  v8::PropertyAttribute attributes;
  if (!object->GetPropertyAttributes(context(), key).To(&attributes)) return false;
  *enumerable = (attributes & v8::DontEnum) == 0;
  return !*enumerable || object->Get(context(), key).ToLocal(value);
}

}  // namespace dcp::webgpu
