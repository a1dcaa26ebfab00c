# Refuses a Dawn of one's own whose header, where it came with one, has another ABI than DAWN_ABI names. What is loaded at run
# time is looked at again, as far as names of functions tell (native/webgpu/library.cc).
#
# Input:  DAWN_ROOT, DAWN_ABI (FindDawn.cmake)

set(_dawn_header "${DAWN_ROOT}/include/dawn/webgpu.h")
if(DAWN_ROOT AND EXISTS "${_dawn_header}")
  set(_dawn_here "${CMAKE_CURRENT_LIST_DIR}")
  set(CMAKE_TRY_COMPILE_TARGET_TYPE STATIC_LIBRARY)
  # Whenever the build is configured: the header may have been replaced.
  unset(_dawn_same_abi CACHE)
  try_compile(_dawn_same_abi "${CMAKE_BINARY_DIR}/same-abi" "${_dawn_here}/same_abi.cc"
    COMPILE_DEFINITIONS "-DDCP_DAWN_HEADER=\"${_dawn_header}\""
    CMAKE_FLAGS "-DINCLUDE_DIRECTORIES=${_dawn_here}/../../native/webgpu/generated/${DAWN_ABI}"
    CXX_STANDARD 20 CXX_STANDARD_REQUIRED ON
    OUTPUT_VARIABLE _dawn_log)
  unset(CMAKE_TRY_COMPILE_TARGET_TYPE)
  if(NOT _dawn_same_abi)
    string(REPLACE ";" "," _dawn_errors "${_dawn_log}") # a list of CMake is a text with semicolons
    string(REGEX MATCHALL "error: [^\n]*" _dawn_errors "${_dawn_errors}")
    list(TRANSFORM _dawn_errors REPLACE "error: (static assertion failed: )?" "")
    list(LENGTH _dawn_errors _dawn_count)
    list(SUBLIST _dawn_errors 0 5 _dawn_errors)
    list(JOIN _dawn_errors "\n  " _dawn_errors)
    message(FATAL_ERROR
      "DAWN_ABI: ${_dawn_header} has another ABI than ${DAWN_ABI}; ${_dawn_count} differences, the first of them:\n  ${_dawn_errors}")
  endif()
endif()
