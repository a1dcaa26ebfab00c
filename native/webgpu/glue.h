// Internal to native/webgpu: the methods and attributes that are more than one call of C, named as
// interface and member are. Those of several interfaces are called Glue_.
#pragma once

#include "webgpu/interfaces.h"

namespace dcp::webgpu {

// any.cc
void Glue_label(const Info& info);
void Glue_label_set(const Info& info);

// encoder.cc
void Glue_setBindGroup(const Info& info);
void Glue_setImmediates(const Info& info);
void GPUCommandEncoder_copyBufferToBuffer(const Info& info);

// adapter.cc
void GPU_requestAdapter(const Info& info);
void GPU_getPreferredCanvasFormat(const Info& info);
void GPU_wgslLanguageFeatures(const Info& info);
void GPUAdapter_features(const Info& info);
void GPUAdapter_limits(const Info& info);
void GPUAdapter_info(const Info& info);
void GPUAdapter_requestDevice(const Info& info);

// device.cc
void GPUDevice_features(const Info& info);
void GPUDevice_limits(const Info& info);
void GPUDevice_adapterInfo(const Info& info);
void GPUDevice_queue(const Info& info);
void GPUDevice_destroy(const Info& info);
void GPUDevice_lost(const Info& info);
void GPUDevice_pushErrorScope(const Info& info);
void GPUDevice_popErrorScope(const Info& info);
void GPUDevice_importExternalTexture(const Info& info);

// pipeline.cc
void GPUDevice_createComputePipeline(const Info& info);
void GPUDevice_createRenderPipeline(const Info& info);
void GPUDevice_createComputePipelineAsync(const Info& info);
void GPUDevice_createRenderPipelineAsync(const Info& info);

// shader_module.cc
void GPUShaderModule_getCompilationInfo(const Info& info);

// buffer.cc
void GPUDevice_createBuffer(const Info& info);
void GPUBuffer_size(const Info& info);
void GPUBuffer_usage(const Info& info);
void GPUBuffer_mapState(const Info& info);
void GPUBuffer_mapAsync(const Info& info);
void GPUBuffer_getMappedRange(const Info& info);
void GPUBuffer_unmap(const Info& info);
void GPUBuffer_destroy(const Info& info);

// texture.cc
void GPUDevice_createTexture(const Info& info);
void GPUTexture_destroy(const Info& info);
void GPUTexture_textureBindingViewDimension(const Info& info);

// query_set.cc
void GPUDevice_createQuerySet(const Info& info);
void GPUQuerySet_destroy(const Info& info);

// queue.cc
void GPUQueue_submit(const Info& info);
void GPUQueue_onSubmittedWorkDone(const Info& info);
void GPUQueue_writeBuffer(const Info& info);
void GPUQueue_writeTexture(const Info& info);
void GPUQueue_copyExternalImageToTexture(const Info& info);

}  // namespace dcp::webgpu
