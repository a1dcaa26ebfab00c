// Public to native/: the V8 this addon is compiled for, and what it must be like.
#pragma once

#include <node_version.h>
#include <v8.h>

// Node 20 has V8 11.3, Node 22 12.4, Node 24 13.6, Node 26 14.6.
#define DCP_V8_AT_LEAST(major, minor) \
  (V8_MAJOR_VERSION > (major) || (V8_MAJOR_VERSION == (major) && V8_MINOR_VERSION >= (minor)))

static_assert(NODE_MAJOR_VERSION >= 20, "Node 20 is the oldest supported version");

// Segments are adopted by pointer: memory from anywhere must be addressable by ArrayBuffers.
#if defined(V8_ENABLE_SANDBOX) || defined(V8_COMPRESS_POINTERS)
#error "a V8 with its memory sandbox or pointer compression cannot adopt foreign memory"
#endif
