// Internal: what the launcher was told on its command line.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <string>
#include <vector>

#include "confinement/profiles.h"

namespace dcp::confinement {

struct Specification {
  // Whoever starts the launcher: it ends with that process. 0: it ends by itself, as when a process
  // has become the launcher.
  pid_t parent = 0;
  // Gets the report, one line of JSON.
  int report_fd = -1;
  // What the program gets besides the standard ones.
  std::vector<int> kept_fds;
  // No program is run unless every layer that was asked for is there.
  bool require = false;
  // Only says which layers there would be.
  bool probe = false;
  std::vector<Profile> profiles;
  // Besides what the profiles have.
  std::vector<std::string> readable;
  // The only folder that can be written to; empty: none.
  std::string cache_directory;
  // Standard output or error is a file, which may become as long as it likes.
  bool writes_output = false;
  // Memory of the process, bytes; 0: as much as there is.
  uint64_t memory_bytes = 0;
  // A cgroup of version 2 below which the process gets its own; empty: it stays where it is.
  std::string cgroup;
  // Layers that are left out, by name, which is for tests.
  std::vector<std::string> without;
  // The program, by its path, and its arguments; ends with a null pointer.
  std::vector<char*> program;

  bool Leaves(const char* layer) const;
};

// Reads a command line. Answers what is wrong with it, empty when nothing is.
std::string ReadSpecification(int argc, char** argv, Specification& specification);

}  // namespace dcp::confinement
