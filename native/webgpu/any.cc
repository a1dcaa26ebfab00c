// What every object of WebGPU has.
#include "v8/strings.h"
#include "webgpu/convert.h"
#include "webgpu/glue.h"
#include "webgpu/runtime.h"

namespace dcp::webgpu {

void Glue_label(const Info& info) {
  const Object* const self = Object::Of(info.This());
  v8::Local<v8::String> label;
  if (NewString(info.GetIsolate(), self->label).ToLocal(&label)) info.GetReturnValue().Set(label);
}

void Glue_label_set(const Info& info) {
  Object* const self = Object::Of(info.This());
  Conversion c(*self->runtime, info.GetIsolate());
  WGPUStringView label{};
  if (!c.ToString(info[0], &label)) return;
  self->SetLabel(label);
  SetHandleLabel(self->runtime->procs(), self->kind, self->raw_handle(), CutLabel(label));
}

}  // namespace dcp::webgpu
