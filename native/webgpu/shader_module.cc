// What compiling a shader has to say.
#include <utility>

#include "webgpu/glue.h"
#include "webgpu/promise_call.h"
#include "webgpu/runtime.h"

namespace dcp::webgpu {

namespace {

// What Dawn adds to a message: positions in UTF-16 code units, as JavaScript counts.
struct MessageInUtf16 {
  WGPUChainedStruct chain;
  uint64_t line_position;
  uint64_t offset;
  uint64_t length;
};
constexpr uint32_t kMessageInUtf16 = 327743;

void OnCompilationInfo(WGPUCompilationInfoRequestStatus status, WGPUCompilationInfo const* info,
                       void* data, void*) {
  auto* const answered = static_cast<Pending*>(data);
  answered->status = status;
  for (size_t index = 0; info != nullptr && index < info->messageCount; index++) {
    const WGPUCompilationMessage& message = info->messages[index];
    Pending::Message copy{ToMessage(message.message),
                          message.type,
                          message.lineNum,
                          message.linePos,
                          message.offset,
                          message.length};
    for (const WGPUChainedStruct* part = message.nextInChain; part != nullptr; part = part->next) {
      if (part->sType != static_cast<WGPUSType>(kMessageInUtf16)) continue;
      const auto* const utf16 = reinterpret_cast<const MessageInUtf16*>(part);
      copy.column = utf16->line_position;
      copy.offset = utf16->offset;
      copy.length = utf16->length;
    }
    answered->messages.push_back(std::move(copy));
  }
  answered->runtime->Complete(answered);
}

}  // namespace

void GPUShaderModule_getCompilationInfo(const Info& info) {
  PromiseCall call(info, Kind::kGPUShaderModule, "GPUShaderModule.getCompilationInfo");
  Object* const self = call.self();
  if (self == nullptr) return;
  Pending* const pending =
      self->runtime->Begin(Pending::Kind::kCompilationInfo, call.resolver(), info.This());
  WGPUCompilationInfoCallbackInfo callback;
  callback.callback = OnCompilationInfo;
  callback.userdata1 = pending;
  pending->future = self->runtime->procs().shaderModuleGetCompilationInfo(
      self->handle<WGPUShaderModule>(), callback);
}

}  // namespace dcp::webgpu
