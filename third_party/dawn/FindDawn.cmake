# Names Dawn's library and the ABI of webgpu.h that it has. Nothing is linked: the library is opened at
# run time, when the first Job requires WebGPU, so that a machine without one builds and runs all else.
#
# Without DAWN_ROOT it is the one in the npm package bun-webgpu-<platform>, which src/evaluator/gpu/library.ts
# finds where the addon runs.
#
# Input:  DAWN_ROOT (optional)  where a Dawn that somebody built was installed: lib/libwebgpu_dawn.so
#         DAWN_ABI (optional)   which ABI that one has: bun-webgpu (the default: that of the package), or stable, that of
#                               Dawn since September 2025
# Output: DAWN_LIBRARY (empty without DAWN_ROOT), DAWN_ABI

set(DAWN_ROOT "" CACHE PATH "Where a Dawn of one's own was installed; empty: the npm package's is used")
set(DAWN_ABI "bun-webgpu" CACHE STRING "The ABI of webgpu.h that Dawn's library has: a file of third_party/dawn/abi")
set_property(CACHE DAWN_ABI PROPERTY STRINGS bun-webgpu stable)
if(NOT DAWN_ABI MATCHES "^(bun-webgpu|stable)$")
  message(FATAL_ERROR "DAWN_ABI: bun-webgpu or stable expected, got ${DAWN_ABI}")
endif()
set(DAWN_LIBRARY "")
if(DAWN_ROOT)
  file(GLOB _dawn_found LIST_DIRECTORIES false
    "${DAWN_ROOT}/lib/libwebgpu_dawn.so" "${DAWN_ROOT}/lib64/libwebgpu_dawn.so" "${DAWN_ROOT}/libwebgpu_dawn.so")
  list(POP_FRONT _dawn_found DAWN_LIBRARY)
  if(NOT DAWN_LIBRARY)
    message(FATAL_ERROR "DAWN_ROOT: no libwebgpu_dawn.so in ${DAWN_ROOT}, its lib or its lib64")
  endif()
endif()
