// Internal to native/webgpu: the enums and limits of the ABI that webgpu_abi.h names.
#pragma once

#ifdef DCP_WEBGPU_STABLE
#include "webgpu/generated/stable/enums.h"
#else
#include "webgpu/generated/bun-webgpu/enums.h"
#endif
