#include "confinement/profiles.h"

#include <algorithm>

namespace dcp::confinement {

namespace {

constexpr Profile kCpu = Profile::kCpu;
constexpr Profile kSoftwareGpu = Profile::kSoftwareGpu;
constexpr Profile kNvidia = Profile::kNvidia;
constexpr Profile kMesa = Profile::kMesa;
constexpr Access kRead = Access::kRead;
constexpr Access kDevice = Access::kDevice;

// clang-format off
const std::vector<Entry> kEntries = {
    // Node, the program that is run, and the package come by --read: they lie elsewhere on each machine.
    {kCpu, kRead, "/lib", "the loader and the C library"},
    {kCpu, kRead, "/lib64", "the loader, by the path that programs name"},
    {kCpu, kRead, "/usr/lib", "libraries of Node, the addon and Dawn"},
    {kCpu, kRead, "/usr/lib64", "the same, where a distribution keeps them there"},
    {kCpu, kRead, "/usr/local/lib", "a C++ library or Node's own that an operator installed"},
    {kCpu, kRead, "/etc/ld.so.cache", "where the loader looks for libraries first"},
    {kCpu, kRead, "/etc/localtime", "the machine's time zone, for Date"},
    {kCpu, kRead, "/usr/share/zoneinfo", "what the time zone's name stands for"},
    {kCpu, kRead, "/etc/ssl/openssl.cnf", "Node reads it at its start"},
    {kCpu, kRead, "/usr/share/nodejs", "modules that Debian's Node has outside of its binary"},
    {kCpu, kRead, "/proc", "memory maps of the own threads' stacks; cores and memory of the machine"},
    {kCpu, kRead, "/sys/devices/system/cpu", "how many cores there are"},
    {kCpu, kRead, "/sys/kernel/mm/transparent_hugepage", "V8 and allocators ask for the size of pages"},
    {kCpu, kDevice, "/dev/null", "Node opens it for streams that are closed"},
    {kCpu, kDevice, "/dev/zero", "allocators of old map it"},
    {kCpu, kDevice, "/dev/random", "seeds, where getrandom is refused"},
    {kCpu, kDevice, "/dev/urandom", "the same"},

    {kSoftwareGpu, kRead, "/etc/vulkan", "manifests of drivers and layers"},
    {kSoftwareGpu, kRead, "/usr/share/vulkan", "the same"},
    {kSoftwareGpu, kRead, "/usr/local/share/vulkan", "the same"},

    {kNvidia, kRead, "/etc/vulkan", "manifests of drivers and layers"},
    {kNvidia, kRead, "/usr/share/vulkan", "the same"},
    {kNvidia, kRead, "/usr/local/share/vulkan", "the same"},
    {kNvidia, kRead, "/usr/share/glvnd", "which vendor's library draws"},
    {kNvidia, kRead, "/usr/share/nvidia", "the driver's profiles of programs"},
    {kNvidia, kRead, "/etc/nvidia", "the same, of the operator"},
    {kNvidia, kRead, "/sys/bus/pci/devices", "which cards there are"},
    {kNvidia, kRead, "/sys/devices", "what the links there lead to"},
    {kNvidia, kRead, "/sys/module/nvidia", "the version of the kernel's module"},
    {kNvidia, kRead, "/proc/driver/nvidia", "which cards the kernel's module has"},
    {kNvidia, kDevice, "/dev/nvidiactl", "the driver's control device"},
    {kNvidia, kDevice, "/dev/nvidia#", "a card"},
    {kNvidia, kDevice, "/dev/nvidia-modeset", "the Vulkan driver opens it"},
    {kNvidia, kDevice, "/dev/nvidia-uvm*", "memory that card and process share"},
    {kNvidia, kDevice, "/dev/nvidia-caps*", "parts of a card (MIG)"},

    {kMesa, kRead, "/etc/vulkan", "manifests of drivers and layers"},
    {kMesa, kRead, "/usr/share/vulkan", "the same"},
    {kMesa, kRead, "/usr/local/share/vulkan", "the same"},
    {kMesa, kRead, "/usr/share/drirc.d", "what drivers do for some programs"},
    {kMesa, kRead, "/etc/drirc", "the same, of the operator"},
    {kMesa, kRead, "/usr/share/libdrm", "names of cards"},
    {kMesa, kRead, "/sys/dev/char", "which card a device file is of"},
    {kMesa, kRead, "/sys/bus/pci/devices", "which cards there are"},
    {kMesa, kRead, "/sys/devices", "what the links there lead to"},
    {kMesa, Access::kList, "/dev/dri", "names of cards; the files themselves are below"},
    {kMesa, kDevice, "/dev/dri/renderD*", "computing on a card, without its screens"},
};
// clang-format on

}  // namespace

std::optional<Profile> ProfileOf(std::string_view name) {
  for (const Profile profile : {kCpu, kSoftwareGpu, kNvidia, kMesa}) {
    if (name == NameOf(profile)) return profile;
  }
  return std::nullopt;
}

const char* NameOf(Profile profile) {
  switch (profile) {
    case kCpu:
      return "cpu";
    case kSoftwareGpu:
      return "software-gpu";
    case kNvidia:
      return "nvidia";
    case kMesa:
      return "mesa";
  }
  return "";
}

std::vector<Entry> EntriesOf(const std::vector<Profile>& profiles) {
  std::vector<Entry> entries;
  for (const Entry& entry : kEntries) {
    const bool is_asked_for =
        std::find(profiles.begin(), profiles.end(), entry.profile) != profiles.end();
    if (entry.profile == kCpu || is_asked_for) entries.push_back(entry);
  }
  return entries;
}

const std::vector<Entry>& AllEntries() { return kEntries; }

}  // namespace dcp::confinement
