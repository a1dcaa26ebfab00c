// Internal to native/webgpu: webgpu.h in the ABI of the library this addon is for (CMake:
// DAWN_ABI).
#pragma once

#ifdef DCP_WEBGPU_STABLE
#include "webgpu/generated/stable/webgpu.h"
#else
#include "webgpu/generated/bun-webgpu/webgpu.h"
#endif
