// The kernel's documentation: https://docs.kernel.org/userspace-api/landlock.html. The structures
// and numbers are written out here, because the headers that a machine builds with are older than
// the kernel that a program meets.
#include <fcntl.h>
#include <linux/types.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "confinement/files.h"
#include "confinement/layers.h"

namespace dcp::confinement {

namespace {

constexpr long kCreateRuleset = 444;
constexpr long kAddRule = 445;
constexpr long kRestrictSelf = 446;
constexpr unsigned kAskForVersion = 1;
constexpr int kPathBeneath = 1;

struct RulesetAttributes {
  __u64 handled_files;
  __u64 handled_network;  // From ABI 4.
  __u64 scoped;           // From ABI 6.
};
struct PathBeneath {
  __u64 allowed;
  __s32 parent_fd;
} __attribute__((packed));

constexpr __u64 kExecute = 1 << 0;
constexpr __u64 kWriteFile = 1 << 1;
constexpr __u64 kReadFile = 1 << 2;
constexpr __u64 kReadDirectory = 1 << 3;
constexpr __u64 kRemoveDirectory = 1 << 4;
constexpr __u64 kRemoveFile = 1 << 5;
constexpr __u64 kMakeDirectory = 1 << 7;
constexpr __u64 kMakeFile = 1 << 8;
constexpr __u64 kRefer = 1 << 13;          // From ABI 2: moving between folders.
constexpr __u64 kTruncate = 1 << 14;       // From ABI 3.
constexpr __u64 kControlDevice = 1 << 15;  // From ABI 5: ioctl.

// What a rule for a file, not a folder, may have.
constexpr __u64 kForFiles = kExecute | kWriteFile | kReadFile | kTruncate | kControlDevice;
constexpr __u64 kBindAndConnectTcp = 3;
constexpr __u64 kAbstractSocketsAndSignals = 3;

// All rights over files that an ABI knows: what is handled and allowed nowhere is forbidden
// everywhere.
__u64 FileRights(int abi) {
  __u64 rights = (1 << 13) - 1;
  if (abi >= 2) rights |= kRefer;
  if (abi >= 3) rights |= kTruncate;
  if (abi >= 5) rights |= kControlDevice;
  return rights;
}

__u64 RightsOf(Access access) {
  switch (access) {
    case Access::kList:
      return kReadDirectory;
    case Access::kRead:
      return kReadFile | kReadDirectory;
    case Access::kExecute:
      return kReadFile | kExecute;
    case Access::kDevice:
      return kReadFile | kWriteFile | kReadDirectory | kControlDevice;
  }
  return 0;
}

constexpr __u64 kCacheRights = kReadFile | kReadDirectory | kWriteFile | kTruncate | kMakeFile |
                               kRemoveFile | kMakeDirectory | kRemoveDirectory | kRefer;

// False, with errno, when there is no such rule now; what is not there needs none.
bool Allow(int ruleset, const std::string& path, __u64 rights) {
  const int fd = open(path.c_str(), O_PATH | O_CLOEXEC);
  if (fd < 0) return errno == ENOENT || errno == EACCES || errno == ENOTDIR;
  struct stat about {};
  bool is_allowed = fstat(fd, &about) == 0;
  if (is_allowed) {
    const PathBeneath rule{S_ISDIR(about.st_mode) ? rights : rights & kForFiles, fd};
    is_allowed = syscall(kAddRule, ruleset, kPathBeneath, &rule, 0) == 0;
  }
  const int error = errno;
  close(fd);
  errno = error;
  return is_allowed;
}

bool AllowAll(int ruleset, __u64 handled, const std::vector<Grant>& grants,
              const std::string& cache_directory) {
  for (const auto& [path, access] : grants) {
    if (!Allow(ruleset, path, RightsOf(access) & handled)) return false;
  }
  return cache_directory.empty() || Allow(ruleset, cache_directory, kCacheRights & handled);
}

}  // namespace

LayerState RestrictFiles(const std::vector<Grant>& grants, const std::string& cache_directory) {
  const auto abi = static_cast<int>(syscall(kCreateRuleset, nullptr, 0, kAskForVersion));
  if (abi < 1) return MissingBySystem("the kernel has no Landlock, or it is off (lsm= at boot)");
  RulesetAttributes attributes{FileRights(abi), 0, 0};
  size_t size = sizeof attributes.handled_files;
  if (abi >= 4) {
    attributes.handled_network = kBindAndConnectTcp;
    size += sizeof attributes.handled_network;
  }
  if (abi >= 6) {
    attributes.scoped = kAbstractSocketsAndSignals;
    size += sizeof attributes.scoped;
  }
  const auto ruleset = static_cast<int>(syscall(kCreateRuleset, &attributes, size, 0));
  if (ruleset < 0) return MissingBySystem("landlock_create_ruleset");
  LayerState state = On();
  if (!AllowAll(ruleset, attributes.handled_files, grants, cache_directory))
    state = MissingBySystem("landlock_add_rule");
  else if (syscall(kRestrictSelf, ruleset, 0) != 0)
    state = MissingBySystem("landlock_restrict_self");
  close(ruleset);
  return state;
}

}  // namespace dcp::confinement
