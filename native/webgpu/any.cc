// What every object of WebGPU has.
#include "webgpu/convert.h"
#include "webgpu/glue.h"
#include "webgpu/runtime.h"

namespace dcp::webgpu {

void Glue_label(const Info& info) {
  const Object* const self = Object::Of(info.This());
  info.GetReturnValue().Set(self->runtime->String(self->label));
}

void Glue_label_set(const Info& info) {
  Object* const self = Object::Of(info.This());
  Conversion c(*self->runtime, info.GetIsolate());
  WGPUStringView label{};
  if (!c.ToString(info[0], &label)) return;
  self->SetLabel(label);
  SetHandleLabel(self->runtime->procs(), self->kind, self->raw_handle(), label);
}

}  // namespace dcp::webgpu
