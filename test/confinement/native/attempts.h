// What code would try that has broken out of V8: each attempt is one call of the kernel, or two,
// with arguments that work where nothing confines it. Nothing here allocates, locks or throws, so
// that any thread can be made to run it, in the handler of a signal, too.
#pragma once

#include <cstddef>
#include <cstdint>

namespace attempts {

// What is there to be attacked; the test has made it.
struct Targets {
  // A process outside: the test itself.
  int host;
  // Some bytes of it.
  uint64_t host_address;
  int tcp_port;
  // A socket that this process has.
  int socket;
  // Files that an evaluator has no business with, and a folder that everybody may write to.
  char scheduler_data[256];
  char worker_key[256];
  char folder[256];
};
extern Targets targets;

struct Attempt {
  const char* name;
  // 0 when it has succeeded, and what it did is undone; else the errno.
  int (*run)();
};

extern const Attempt kAttempts[];
extern const size_t kAttemptCount;

// Those that end the process, for which there is no errno.
extern const Attempt kDeadly[];
extern const size_t kDeadlyCount;

}  // namespace attempts
