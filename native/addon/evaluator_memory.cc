#include "addon/evaluator_memory.h"

#include <mutex>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include "addon/columns.h"
#include "isolate/large_memory.h"
#include "system/shared_heap.h"
#include "system/shared_memory.h"

namespace dcp {

// Where the host puts bytes, and which of them nobody in this process has any more.
struct TaskMemory {
  explicit TaskMemory(Napi::ThreadSafeFunction wake) : on_freed(std::move(wake)) {}

  // Any thread.
  void OnFree(uint64_t offset) {
    std::lock_guard lock(mutex);
    freed.push_back(static_cast<double>(offset));
    // Until these have been taken, whatever comes goes with them.
    if (freed.size() == 1) on_freed.NonBlockingCall();
  }

  SharedMemory memory;
  Napi::ThreadSafeFunction on_freed;
  std::mutex mutex;
  std::vector<double> freed;
};

namespace {

class ResultMemory final : public LargeMemory {
 public:
  ResultMemory(std::unique_ptr<SharedMemory> memory, uint64_t keep_bytes)
      : heap_(std::move(memory), keep_bytes) {}

  void* Allocate(size_t size, bool zeroed) override { return heap_.Allocate(size, zeroed); }
  bool Contains(const void* data) const override { return heap_.Contains(data); }
  void Free(void* data) override { heap_.Free(data); }

  SharedHeap& heap() { return heap_; }

 private:
  SharedHeap heap_;
};

// Leaked on purpose: buffers in it may outlive everything.
ResultMemory* result_memory = nullptr;

void Throw(Napi::Env env, const std::string& what, int error) {
  Napi::Error::New(env, what + ": " + std::system_category().message(error))
      .ThrowAsJavaScriptException();
}

Napi::Value Offset(Napi::Env env, double offset) { return Napi::Number::New(env, offset); }

}  // namespace

Napi::Function EvaluatorMemory::Define(Napi::Env env) {
  return DefineClass(env, "EvaluatorMemory",
                     {
                         InstanceMethod<&EvaluatorMemory::ViewTask>("viewTask"),
                         InstanceMethod<&EvaluatorMemory::TaskOffsetOf>("taskOffsetOf"),
                         InstanceMethod<&EvaluatorMemory::ResultOffsetOf>("resultOffsetOf"),
                         InstanceMethod<&EvaluatorMemory::TakeFreed>("takeFreed"),
                         InstanceMethod<&EvaluatorMemory::DiscardAged>("discardAged"),
                     });
}

// new EvaluatorMemory(tasksDescriptor, resultsDescriptor, bytes, keepBytes, onFreed)
EvaluatorMemory::EvaluatorMemory(const Napi::CallbackInfo& info) : ObjectWrap(info) {
  Napi::Env env = info.Env();
  auto on_freed = Napi::ThreadSafeFunction::New(env, info[4].As<Napi::Function>(),
                                                "dcp-evaluator-memory", 0, 1);
  on_freed.Unref(env);
  tasks_ = std::make_shared<TaskMemory>(std::move(on_freed));
  const auto bytes = static_cast<uint64_t>(info[2].As<Napi::Number>().Int64Value());
  if (const int error = tasks_->memory.Open(info[0].As<Napi::Number>().Int32Value(), bytes)) {
    Throw(env, "the memory of Tasks", error);
    return;
  }
  auto memory = std::make_unique<SharedMemory>();
  if (const int error = memory->Open(info[1].As<Napi::Number>().Int32Value(), bytes)) {
    Throw(env, "the memory of results", error);
    return;
  }
  const auto keep_bytes = static_cast<uint64_t>(info[3].As<Napi::Number>().Int64Value());
  result_memory = new ResultMemory(std::move(memory), keep_bytes);
  LargeMemory::Install(result_memory);
  PassLongSegments();
}

// viewTask(offset, bytes): a Uint8Array there; once nobody has its memory, takeFreed() says so
Napi::Value EvaluatorMemory::ViewTask(const Napi::CallbackInfo& info) {
  const auto offset = static_cast<uint64_t>(info[0].As<Napi::Number>().Int64Value());
  const auto size = static_cast<uint64_t>(info[1].As<Napi::Number>().Int64Value());
  const SharedMemory& memory = tasks_->memory;
  if (offset > memory.size() || size > memory.size() - offset) {
    Napi::RangeError::New(info.Env(), "not in the memory of Tasks").ThrowAsJavaScriptException();
    return info.Env().Undefined();
  }
  Bytes bytes;
  bytes.data = memory.data() + offset;
  bytes.size = size;
  bytes.owner =
      std::shared_ptr<void>(bytes.data, [tasks = tasks_, offset](void*) { tasks->OnFree(offset); });
  return PassingViewOf(info.Env(), std::move(bytes));
}

// taskOffsetOf(view): where in the memory of Tasks its bytes lie, -1: somewhere else
Napi::Value EvaluatorMemory::TaskOffsetOf(const Napi::CallbackInfo& info) {
  const Bytes bytes = BytesOf(info[0]);
  const SharedMemory& memory = tasks_->memory;
  if (bytes.data < memory.data() || bytes.data >= memory.data() + memory.size()) {
    return Offset(info.Env(), -1);
  }
  return Offset(info.Env(), static_cast<double>(bytes.data - memory.data()));
}

// resultOffsetOf(view): the same for the memory of results
Napi::Value EvaluatorMemory::ResultOffsetOf(const Napi::CallbackInfo& info) {
  const Bytes bytes = BytesOf(info[0]);
  if (!result_memory->heap().Contains(bytes.data)) return Offset(info.Env(), -1);
  return Offset(info.Env(), static_cast<double>(result_memory->heap().OffsetOf(bytes.data)));
}

// takeFreed(): where the Task ranges began that nobody has any more
Napi::Value EvaluatorMemory::TakeFreed(const Napi::CallbackInfo& info) {
  std::vector<double> freed;
  {
    std::lock_guard lock(tasks_->mutex);
    freed.swap(tasks_->freed);
  }
  return ColumnOf(info.Env(), freed);
}

// discardAged(): as SharedRegion.discardAged, for the memory of results
Napi::Value EvaluatorMemory::DiscardAged(const Napi::CallbackInfo& info) {
  return Napi::Boolean::New(info.Env(), result_memory->heap().DiscardAged());
}

void DropViews(const Napi::CallbackInfo& info) { TakeSegments(info[0].As<Napi::Array>()); }

}  // namespace dcp
