// Internal: which files an evaluator may open, in one place. A line more here is a hole more: each
// has its reason.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

namespace dcp::confinement {

// What an evaluator may use.
enum class Profile : uint8_t {
  kCpu,          // Always there.
  kSoftwareGpu,  // A rasteriser on the CPU (SwiftShader): libraries, and no device.
  kNvidia,
  kMesa,
};

enum class Access : uint8_t {
  kList,     // Names in it, and no file.
  kRead,     // Files below it, and names in it.
  kExecute,  // As before, and it can be run.
  kDevice,   // A device file: read, write, and what its driver takes by ioctl.
};

struct Entry {
  Profile profile;
  Access access;
  // At the end, * stands for the rest of a name and # for a number. What is not there is left out.
  const char* path;
  const char* reason;
};

std::optional<Profile> ProfileOf(std::string_view name);
const char* NameOf(Profile profile);

// What these profiles and the first one allow.
std::vector<Entry> EntriesOf(const std::vector<Profile>& profiles);
const std::vector<Entry>& AllEntries();

}  // namespace dcp::confinement
