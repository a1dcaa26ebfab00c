// Internal to native/webgpu: conversions of WebIDL
// (https://webidl.spec.whatwg.org/#js-type-mapping) from JavaScript values to C, with TypeErrors
// that name what was given and where. Each answers false with an exception pending.
#pragma once

#include <v8.h>

#include <cstdint>
#include <limits>
#include <memory>
#include <string>
#include <string_view>
#include <type_traits>

#include "webgpu/arena.h"
#include "webgpu/generated/names.h"
#include "webgpu/interfaces.h"
#include "webgpu/object.h"
#include "webgpu/webgpu_abi.h"

namespace dcp::webgpu {

class Runtime;
struct Reading;

// Which part of an argument is converted, for messages: a chain on the stack, innermost first.
struct Where {
  const Where* outer = nullptr;
  const char* name = nullptr;
  // Of an element of a sequence; then there is no name.
  int64_t index = -1;
};

// One call's conversions: what they need of the isolate, and the memory that lives as long as the
// call. On the stack.
class Conversion {
 public:
  Conversion(Runtime& of, v8::Isolate* in);
  ~Conversion() {
    if (views_ != nullptr) ReleaseViews();
    if (arena.used() > kMuchForAnError) ChargeErrorScopes();
  }
  Conversion(const Conversion&) = delete;
  Conversion& operator=(const Conversion&) = delete;

  v8::Local<v8::Context> context() {
    if (context_.IsEmpty()) context_ = isolate->GetCurrentContext();
    return context_;
  }

  // Throws a TypeError: "GPUDevice.createBuffer: descriptor.size: " and what.
  bool Fail(const Where& where, const std::string& what);

  bool Throw(const std::string& message);

  // A view that was made for this call alone; released at its end.
  void Own(WGPUTextureView view);

  // WebIDL reads dictionaries of `undefined` and `null` as empty; anything else must be an object.
  // `*object` stays empty for those.
  bool ToDictionary(v8::Local<v8::Value> value, const Where& where, v8::Local<v8::Object>* object);
  // A member of a dictionary; undefined when the dictionary is empty.
  bool Get(v8::Local<v8::Object> object, Str name, v8::Local<v8::Value>* value) {
    if (object.IsEmpty()) {
      *value = v8::Undefined(isolate);
      return true;
    }
    return TakeRead(value) || GetProperty(object, name, value);
  }
  // Converts a value after JavaScript has read what is in it, which is faster. What objects are
  // named in there is certain to live for as long as `convert` runs, no longer: it makes use of
  // them itself. (An interrupt, which comes in JavaScript alone, may collect garbage.)
  template <typename Convert>
  bool Read(Reader reader, v8::Local<v8::Value> value, const Convert& convert) {
    if (!value->IsObject()) return convert();
    return ReadBy(reader, value, &convert,
                  [](void const* closure) { return (*static_cast<Convert const*>(closure))(); });
  }
  // The values that a reader has read, one of the calls of this conversion.
  bool ConvertRead(const Info& info, const Reading& reading);
  bool Missing(const Where& where, const char* member);

  bool ToBoolean(v8::Local<v8::Value> value, WGPUBool* result) {
    *result = value->BooleanValue(isolate) ? 1 : 0;
    return true;
  }
  // [EnforceRange]
  bool ToInteger(v8::Local<v8::Value> value, const Where& where, uint32_t* result) {
    if (value->IsUint32()) {
      *result = value.As<v8::Uint32>()->Value();
      return true;
    }
    return ToEnforcedInteger(value, where, result);
  }
  bool ToInteger(v8::Local<v8::Value> value, const Where& where, uint64_t* result) {
    if (value->IsUint32()) {
      *result = value.As<v8::Uint32>()->Value();
      return true;
    }
    return ToEnforcedInteger(value, where, result);
  }
  bool ToInteger(v8::Local<v8::Value> value, const Where& where, int32_t* result) {
    if (value->IsInt32()) {
      *result = value.As<v8::Int32>()->Value();
      return true;
    }
    return ToEnforcedInteger(value, where, result);
  }
  // `unsigned long`, which C may keep in more bits than WebIDL has.
  template <typename T>
  bool ToInteger32(v8::Local<v8::Value> value, const Where& where, T* result) {
    uint32_t number;
    if (!ToInteger(value, where, &number)) return false;
    *result = number;
    return true;
  }
  // The same where C takes the largest number for none. The one before it is as wrong.
  bool ToGivenInteger32(v8::Local<v8::Value> value, const Where& where, uint32_t* result) {
    if (!ToInteger(value, where, result)) return false;
    if (*result == std::numeric_limits<uint32_t>::max()) --*result;
    return true;
  }
  // [Clamp]
  bool ToClamped(v8::Local<v8::Value> value, const Where& where, uint16_t* result);
  // `unsigned long` as it is: modulo 2^32.
  bool ToModulo(v8::Local<v8::Value> value, uint32_t* result);
  // Not NaN, not infinite.
  bool ToNumber(v8::Local<v8::Value> value, const Where& where, double* result);
  bool ToNumber(v8::Local<v8::Value> value, const Where& where, float* result);
  // USVString: its UTF-8, in the arena, with a NUL behind.
  bool ToString(v8::Local<v8::Value> value, WGPUStringView* result);

  // A label as Dawn gets it, see CutLabel(). content() has all of it.
  bool ToLabel(v8::Local<v8::Value> value, WGPUStringView* result) {
    if (!ToString(value, result)) return false;
    label_ = *result;
    *result = CutLabel(label_);
    return true;
  }

  // What an object is made of by what was converted, and which of it is the label: whole, if it is
  // the last that was converted.
  Content content(WGPUStringView label) const {
    return {label.data == label_.data ? label_ : label, arena.used(), named()};
  }

  // What keeps memory of the GPU, of all that was converted.
  Named named() const { return {named_.data(), named_.size()}; }
  // False when there is no memory.
  bool Note(const Object& object);

  // A value of an enum of WebIDL, by its number in the tables of names.h.
  bool ToEnum(v8::Local<v8::Value> value, const Where& where, EnumId id, uint32_t* result);
  template <typename Enum>
  bool ToEnum(v8::Local<v8::Value> value, const Where& where, EnumId id, Enum* result) {
    uint32_t number;
    if (!ToEnum(value, where, id, &number)) return false;
    *result = static_cast<Enum>(number);
    return true;
  }

  // WebIDL takes the value, and the method does not: a TypeError once all is converted.
  void Refuse(const Where& where, const std::string& what);
  // Some values of enums need a feature, and it is a TypeError to use them without: whether the
  // device that `self` belongs to has those of all that were converted, and nothing is refused.
  bool HasFeatures(v8::Local<v8::Object> self, const Where& where) {
    return (needed_features_ == 0 && refusal_.empty()) || CheckFeatures(self, where);
  }

  // The C object behind an object of that interface.
  bool ToHandle(v8::Local<v8::Value> value, const Where& where, Kind kind, void** handle);
  template <typename Handle>
  bool ToHandle(v8::Local<v8::Value> value, const Where& where, Kind kind, Handle* handle) {
    void* found;
    if (!ToHandle(value, where, kind, &found)) return false;
    *handle = static_cast<Handle>(found);
    return true;
  }

  // `convert(value, where, &element)` for each value of an iterable. A RangeError when there are
  // more than kMostElements, in all sequences of the call: what they take is on no account, and
  // nobody interrupts it.
  template <typename T, typename Convert>
  bool ToSequence(v8::Local<v8::Value> value, const Where& where, size_t* count, T const** elements,
                  Convert&& convert) {
    v8::Local<v8::Value> method;
    if (!value->IsObject()) return Fail(where, "a sequence expected, got " + Show(value));
    if (!GetIterator(value.As<v8::Object>(), &method)) return false;
    if (method->IsNullOrUndefined())
      return Fail(where, "a sequence expected, got an object that is not iterable");
    return ToSequenceBy(method, value.As<v8::Object>(), where, count, elements, convert);
  }
  // The same where a union has read the iterator's method already.
  template <typename T, typename Convert>
  bool ToSequenceBy(v8::Local<v8::Value> method, v8::Local<v8::Object> object, const Where& where,
                    size_t* count, T const** elements, Convert&& convert) {
    ArenaVector<T> made(&arena);
    const auto take = [&](v8::Local<v8::Value> element) {
      const Where at{&where, nullptr, static_cast<int64_t>(made.size())};
      if (elements_++ == kMostElements) return FailTooMany(where);
      T* const place = made.Add();
      return place != nullptr ? convert(element, at, place) : FailOutOfMemory();
    };
    if (IsPlainArray(object, method) || HasRead()) {
      while (true) {
        v8::Local<v8::Value> element;
        bool done;
        if (!NextOfArray(object, static_cast<uint32_t>(made.size()), &element, &done)) return false;
        if (done) break;
        if (!take(element)) return false;
      }
    } else {
      Iteration iteration;
      if (!Begin(object, method, where, &iteration)) return false;
      v8::Local<v8::Value> element;
      while (true) {
        bool done;
        if (!Next(&iteration, where, &element, &done)) return false;
        if (done) break;
        if (!take(element)) return false;
      }
    }
    *count = made.size();
    *elements = made.data();
    return true;
  }
  // `convert(key, value, &element)` for each own enumerable property.
  template <typename T, typename Convert>
  bool ToRecord(v8::Local<v8::Value> value, const Where& where, size_t* count, T const** elements,
                Convert&& convert) {
    v8::Local<v8::Array> keys;
    if (!value->IsObject()) return Fail(where, "an object expected, got " + Show(value));
    const auto object = value.As<v8::Object>();
    if (!OwnKeys(object, &keys)) return false;
    ArenaVector<T> made(&arena);
    for (uint32_t index = 0; index < keys->Length(); index++) {
      v8::Local<v8::Value> key;
      v8::Local<v8::Value> property;
      bool enumerable;
      if (!keys->Get(context(), index).ToLocal(&key) ||
          !GetEnumerable(object, key, &enumerable, &property)) {
        return false;
      }
      if (!enumerable) continue;
      if (key->IsSymbol()) return Fail(where, "a record has no symbols for keys");
      T* const place = made.Add();
      if (place == nullptr) return FailOutOfMemory();
      if (!convert(key.As<v8::String>(), property, place)) return false;
    }
    *count = made.size();
    *elements = made.data();
    return true;
  }

  // The method of Symbol.iterator; undefined when there is none.
  bool GetIterator(v8::Local<v8::Object> object, v8::Local<v8::Value>* method);
  // A value as messages show it.
  std::string Show(v8::Local<v8::Value> value);
  bool FailOutOfMemory();
  bool FailTooMany(const Where& where);

  Runtime& runtime;
  v8::Isolate* const isolate;
  Arena arena;

 private:
  static constexpr uint32_t kMostElements = 1 << 18;
  // Errors may repeat what a call was given; less than this is nothing.
  static constexpr size_t kMuchForAnError = 4096;

  struct Iteration {
    v8::Local<v8::Object> iterator;
    v8::Local<v8::Function> next;
  };
  struct OwnedView {
    WGPUTextureView view;
    OwnedView* next;
  };

  template <typename T>
  bool ToEnforcedInteger(v8::Local<v8::Value> value, const Where& where, T* result) {
    double number;
    if (!ToWhole(value, where, static_cast<double>(std::numeric_limits<T>::min()),
                 sizeof(T) == 8 ? 9007199254740991.0
                                : static_cast<double>(std::numeric_limits<T>::max()),
                 &number)) {
      return false;
    }
    *result = static_cast<T>(number);
    return true;
  }
  bool ToWhole(v8::Local<v8::Value> value, const Where& where, double least, double most,
               double* result);
  // An Array that iterates as Arrays do from the start.
  bool IsPlainArray(v8::Local<v8::Object> object, v8::Local<v8::Value> method);
  bool Begin(v8::Local<v8::Object> object, v8::Local<v8::Value> method, const Where& where,
             Iteration* iteration);
  bool Next(Iteration* iteration, const Where& where, v8::Local<v8::Value>* value, bool* done);
  bool OwnKeys(v8::Local<v8::Object> object, v8::Local<v8::Array>* keys);
  bool GetEnumerable(v8::Local<v8::Object> object, v8::Local<v8::Value> key, bool* enumerable,
                     v8::Local<v8::Value>* value);
  bool GetProperty(v8::Local<v8::Object> object, Str name, v8::Local<v8::Value>* value);
  bool ReadBy(Reader reader, v8::Local<v8::Value> value, void const* closure,
              bool (*convert)(void const* closure));
  bool HasRead() const { return next_read_ < read_end_; }
  // The next value that a reader has read; false when there is none.
  bool TakeRead(v8::Local<v8::Value>* value) {
    if (!HasRead()) return false;
    *value = (*read_)[next_read_++];
    return true;
  }
  // What the iterator of Arrays does, for an Array or what a reader has begun to read like one.
  bool NextOfArray(v8::Local<v8::Object> object, uint32_t index, v8::Local<v8::Value>* element,
                   bool* done);
  // For as long as the call: a string of its own would have to be ended at each call.
  std::string_view Keep(const std::string& text);
  void ReleaseViews();
  void ChargeErrorScopes() const;
  bool CheckFeatures(v8::Local<v8::Object> self, const Where& where);

  v8::Local<v8::Context> context_;
  // What a reader has read and nobody has taken yet. While it is there, failures wait until its
  // call is over: their stacks are none of the reader's.
  Info const* read_ = nullptr;
  int next_read_ = 0;
  int read_end_ = 0;
  std::string_view failure_;
  std::string_view refusal_;
  OwnedView* views_ = nullptr;
  ArenaVector<const std::shared_ptr<Kept>*> named_{&arena};
  WGPUStringView label_{nullptr, 0};
  // Of all sequences so far.
  uint32_t elements_ = 0;
  // A bit for each of kFeatureNeeds.
  uint32_t needed_features_ = 0;
};

}  // namespace dcp::webgpu
