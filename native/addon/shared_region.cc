#include "addon/shared_region.h"

#include <cstring>
#include <memory>
#include <optional>
#include <string>
#include <system_error>

#include "addon/columns.h"

namespace dcp {

namespace {

// Ranges remembered; a child may name ever new ones.
constexpr size_t kMaxMet = 4096;

uint64_t NumberOf(Napi::Value value) {
  return static_cast<uint64_t>(value.As<Napi::Number>().Int64Value());
}

}  // namespace

Napi::Function SharedRegion::Define(Napi::Env env) {
  return DefineClass(env, "SharedRegion",
                     {
                         InstanceAccessor<&SharedRegion::Descriptor>("descriptor"),
                         InstanceMethod<&SharedRegion::Place>("place"),
                         InstanceMethod<&SharedRegion::Free>("free"),
                         InstanceMethod<&SharedRegion::IsInUse>("isInUse"),
                         InstanceMethod<&SharedRegion::Read>("read"),
                         InstanceMethod<&SharedRegion::DiscardAged>("discardAged"),
                         InstanceMethod<&SharedRegion::Stats>("stats"),
                         InstanceMethod<&SharedRegion::Close>("close"),
                     });
}

// new SharedRegion(name, bytes, writable, keepBytes)
SharedRegion::SharedRegion(const Napi::CallbackInfo& info)
    : ObjectWrap(info),
      memory_(std::make_unique<SharedMemory>()),
      ranges_(NumberOf(info[1]), NumberOf(info[3])),
      writable_(info[2].As<Napi::Boolean>().Value()) {
  const std::string name = info[0].As<Napi::String>().Utf8Value();
  if (const int error = memory_->Create(name.c_str(), NumberOf(info[1]), writable_)) {
    memory_ = nullptr;
    Napi::Error::New(info.Env(), "no shared memory: " + std::system_category().message(error))
        .ThrowAsJavaScriptException();
  }
}

Napi::Value SharedRegion::Descriptor(const Napi::CallbackInfo& info) {
  return Napi::Number::New(info.Env(), memory_ ? memory_->descriptor() : -1);
}

// place(view): where its bytes lie now; -1: there is no room
Napi::Value SharedRegion::Place(const Napi::CallbackInfo& info) {
  const Bytes bytes = BytesOf(info[0]);
  std::optional<RangeAllocator::Range> range;
  if (memory_) range = ranges_.Allocate(bytes.size);
  if (!range) return Napi::Number::New(info.Env(), -1);
  const uint64_t offset = range->offset;
  if (UsesView(offset, range->size)) {
    std::memcpy(memory_->data() + offset, bytes.data, bytes.size);
  } else if (memory_->Write(offset, bytes.data, bytes.size) != 0) {
    ranges_.Free(offset);
    return Napi::Number::New(info.Env(), -1);
  }
  return Napi::Number::New(info.Env(), static_cast<double>(offset));
}

// free(offset): false: no range that was placed, and not freed since, begins there
Napi::Value SharedRegion::Free(const Napi::CallbackInfo& info) {
  if (!memory_ || !ranges_.Free(NumberOf(info[0]))) return Napi::Boolean::New(info.Env(), false);
  while (const auto range = ranges_.TakeExcess()) Discard(*range);
  return Napi::Boolean::New(info.Env(), true);
}

// isInUse(offset, bytes): whether they are part of one range that was placed
Napi::Value SharedRegion::IsInUse(const Napi::CallbackInfo& info) {
  return Napi::Boolean::New(info.Env(), ranges_.IsInUse(NumberOf(info[0]), NumberOf(info[1])));
}

// read(offset, view): false: they are not all in the region
Napi::Value SharedRegion::Read(const Napi::CallbackInfo& info) {
  const uint64_t offset = NumberOf(info[0]);
  const Bytes into = BytesOf(info[1]);
  if (!memory_ || offset > memory_->size() || into.size > memory_->size() - offset) {
    return Napi::Boolean::New(info.Env(), false);
  }
  // What was put there the view has met when that was not the first time.
  const auto met = met_.find(offset);
  const bool through_view =
      writable_ ? met != met_.end() && met->second >= into.size : UsesView(offset, into.size);
  if (!through_view) {
    return Napi::Boolean::New(info.Env(), memory_->Read(offset, into.data, into.size) == 0);
  }
  std::memcpy(into.data, memory_->data() + offset, into.size);
  return Napi::Boolean::New(info.Env(), true);
}

bool SharedRegion::UsesView(uint64_t offset, uint64_t size) {
  if (met_.size() > kMaxMet) met_.clear();
  const auto [met, is_first] = met_.try_emplace(offset, 0);
  if (is_first) return false;
  if (met->second < size) {
    memory_->Populate(offset, size);
    met->second = size;
  }
  return true;
}

// discardAged(): gives back what was free at the last call but one; whether something is kept still
Napi::Value SharedRegion::DiscardAged(const Napi::CallbackInfo& info) {
  if (!memory_) return Napi::Boolean::New(info.Env(), false);
  ranges_.NextAge();
  while (const auto range = ranges_.TakeAged()) Discard(*range);
  return Napi::Boolean::New(info.Env(), ranges_.keeps_any());
}

void SharedRegion::Discard(const RangeAllocator::Range& range) {
  memory_->Discard(range.offset, range.size);
  met_.erase(range.offset);
  ranges_.Discarded(range);
}

// stats(): { placedBytes, pageBytes }
Napi::Value SharedRegion::Stats(const Napi::CallbackInfo& info) {
  Napi::Object stats = Napi::Object::New(info.Env());
  stats["placedBytes"] = static_cast<double>(ranges_.used_bytes());
  stats["pageBytes"] = static_cast<double>(memory_ ? memory_->UsedBytes() : 0);
  return stats;
}

void SharedRegion::Close(const Napi::CallbackInfo&) { memory_ = nullptr; }

}  // namespace dcp
