# Names Dawn's library and the ABI of webgpu.h that it has. Nothing is linked: the library is opened at
# run time, when the first Job requires WebGPU, so that a machine without one builds and runs all else.
#
# Without DAWN_ROOT it is the one in the npm package bun-webgpu-<platform>, which src/evaluator/gpu/library.ts
# finds where the addon runs.
#
# Input:  DAWN_ROOT (optional)  where a Dawn that somebody built was installed: lib/libwebgpu_dawn.so; /usr for that of Debian
#         DAWN_ABI (optional)   which ABI that one has: bun-webgpu (the default: that of the package), or stable
#                               (abi/stable.yml)
# Output: DAWN_LIBRARY (empty without DAWN_ROOT), DAWN_ABI
#
# src/evaluator/gpu/library.ts looks in the same places in a folder that DCP_DAWN_LIBRARY names.

set(DAWN_ROOT "" CACHE PATH "Where a Dawn of one's own was installed; empty: the npm package's is used")
set(DAWN_ABI "bun-webgpu" CACHE STRING "The ABI of webgpu.h that Dawn's library has: a file of third_party/dawn/abi")
set_property(CACHE DAWN_ABI PROPERTY STRINGS bun-webgpu stable)
if(NOT DAWN_ABI MATCHES "^(bun-webgpu|stable)$")
  message(FATAL_ERROR "DAWN_ABI: bun-webgpu or stable expected, got ${DAWN_ABI}")
endif()
set(DAWN_LIBRARY "")
if(DAWN_ROOT)
  # Debian has a folder for each architecture, and in its package for users (libwebgpu-dawn0) the second name alone, which
  # says which ABI of the linker's it has.
  set(_dawn_folders "lib/${CMAKE_LIBRARY_ARCHITECTURE}" lib lib64 .)
  foreach(_dawn_folder IN LISTS _dawn_folders)
    foreach(_dawn_name IN ITEMS libwebgpu_dawn.so.0 libwebgpu_dawn.so)
      cmake_path(SET _dawn_file NORMALIZE "${DAWN_ROOT}/${_dawn_folder}/${_dawn_name}")
      if(NOT DAWN_LIBRARY AND EXISTS "${_dawn_file}")
        set(DAWN_LIBRARY "${_dawn_file}")
      endif()
    endforeach()
  endforeach()
  if(NOT DAWN_LIBRARY)
    list(JOIN _dawn_folders ", " _dawn_folders)
    message(FATAL_ERROR "DAWN_ROOT: no libwebgpu_dawn.so and no libwebgpu_dawn.so.0 in ${DAWN_ROOT} (looked in ${_dawn_folders})")
  endif()
endif()
