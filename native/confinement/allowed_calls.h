// Internal to native/confinement: which calls of the kernel an evaluator process may make once it
// runs Jobs. allowed_calls.cc is the table that is reviewed; seccomp_program.h makes a filter of
// it.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <vector>

namespace dcp::confinement {

// What a process needs besides the calls that every one needs: bits, which may be combined.
enum CallProfile : unsigned {
  // No GPU.
  kCpuCalls = 1U << 0U,
  // A Vulkan driver that computes on the CPU: SwiftShader, lavapipe.
  kSoftwareGpuCalls = 1U << 1U,
  // NVIDIA's driver.
  kNvidiaCalls = 1U << 2U,
  // Mesa's drivers for AMD, Intel and others, which go through the kernel's DRM.
  kMesaCalls = 1U << 3U,
  // Connections that another process has accepted are handed to it, and threads that are stuck are
  // replaced. One profile, not two: there is one kind of process that needs either, and it needs
  // both. Its threads are shared by many connections, and a few that stick in a builtin, or do not
  // read, would stop it for all. Every other kind serves one peer: it makes do without, or ends.
  kConnectionCalls = 1U << 4U,
};
constexpr unsigned kAnyGpu = kSoftwareGpuCalls | kNvidiaCalls | kMesaCalls;
constexpr unsigned kAll = kCpuCalls | kAnyGpu | kConnectionCalls;

// Holds when (argument & mask) is one of the values, which agree in their upper 32 bits.
struct Condition {
  unsigned argument;
  uint64_t mask;
  std::vector<uint64_t> values;
};

// All of its conditions hold.
using Case = std::vector<Condition>;

struct AllowedCall {
  int number;
  unsigned profiles;
  // Why an evaluator needs it.
  const char* reason;
  // It is allowed in these cases; empty: always. In all others it fails with EPERM.
  std::vector<Case> cases = {};
};

// For the process `self` (as it sees itself) and these profiles. Calls that are in neither of the
// lists fail with EPERM.
std::vector<AllowedCall> AllowedCalls(unsigned profiles, pid_t self);

struct RefusedCall {
  int number;
  const char* reason;
};

// Those that are answered with ENOSYS, as by a kernel that has them not: the C library then takes
// another way, which it does not after EPERM.
std::vector<RefusedCall> MissingCalls();

// Those that end the process with SIGSYS.
std::vector<RefusedCall> DeadlyCalls();

}  // namespace dcp::confinement
