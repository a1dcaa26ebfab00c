#include "confinement/new_root.h"

#include <fcntl.h>
#include <linux/types.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>

#include "confinement/layer.h"

namespace dcp::confinement {

namespace {

// mount_setattr(2); the C library has no name for it yet on older machines.
constexpr long kMountSetattr = 442;
struct MountAttributes {
  __u64 set;
  __u64 cleared;
  __u64 propagation;
  __u64 user_namespace;
};
constexpr __u64 kReadOnly = 0x1;
constexpr __u64 kNoSuid = 0x2;
constexpr __u64 kNoDevices = 0x4;
constexpr __u64 kNoPrograms = 0x8;
constexpr int kRecursive = 0x8000;
// As the kernel has it.
constexpr int kMostLinks = 40;

bool SetAttributes(const std::string& path, __u64 set, int flags) {
  const MountAttributes attributes{set, 0, 0, 0};
  return syscall(kMountSetattr, AT_FDCWD, path.c_str(), flags, &attributes, sizeof attributes) == 0;
}

// The folders on the way to a path.
bool MakeFoldersTo(const std::string& path) {
  for (size_t slash = path.find('/', 1); slash != path.npos; slash = path.find('/', slash + 1)) {
    if (mkdir(path.substr(0, slash).c_str(), 0755) != 0 && errno != EEXIST) return false;
  }
  return true;
}

// Something to mount on.
bool MakePlace(const std::string& path, bool is_folder) {
  if (!MakeFoldersTo(path)) return false;
  if (is_folder) return mkdir(path.c_str(), 0755) == 0 || errno == EEXIST;
  const int fd = open(path.c_str(), O_CREAT | O_RDONLY | O_CLOEXEC, 0444);
  if (fd >= 0) close(fd);
  return fd >= 0;
}

std::string LinkTarget(const std::string& path) {
  std::string target(4096, '\0');
  const ssize_t size = readlink(path.c_str(), target.data(), target.size());
  target.resize(size < 0 ? 0 : static_cast<size_t>(size));
  return target;
}

// Without // and /./; what goes up is taken away with what it goes up from.
std::string Normal(const std::string& path) {
  std::vector<std::string> names;
  for (size_t at = 0; at < path.size();) {
    const size_t slash = std::min(path.find('/', at), path.size());
    const std::string name = path.substr(at, slash - at);
    at = slash + 1;
    if (name == ".." && !names.empty()) names.pop_back();
    if (!name.empty() && name != "." && name != "..") names.push_back(name);
  }
  std::string normal;
  for (const std::string& name : names) normal.append("/").append(name);
  return normal.empty() ? "/" : normal;
}

}  // namespace

bool NewRoot::IsSupported() { return SetAttributes("/", 0, 0) || errno != ENOSYS; }

bool NewRoot::MakeReadOnly(const std::string& path, bool has_devices, bool is_alone) {
  const __u64 set = kReadOnly | kNoSuid | (has_devices ? 0 : kNoDevices);
  return SetAttributes(path, set, is_alone ? 0 : kRecursive);
}

std::string NewRoot::OldPath(const std::string& path) { return "/" + std::string(kOldName) + path; }

bool NewRoot::IsShown(const std::string& path) const {
  return std::any_of(shown_.begin(), shown_.end(), [&path](const std::string& shown) {
    return path == shown || path.starts_with(shown + "/");
  });
}

std::string NewRoot::Resolve(const std::string& named) {
  std::string path = Normal(named);
  for (int links = 0; links < kMostLinks; links++) {
    bool is_link = false;
    for (size_t slash = path.find('/', 1); !is_link; slash = path.find('/', slash + 1)) {
      const std::string prefix = path.substr(0, slash);
      struct stat about {};
      if (lstat(OldPath(prefix).c_str(), &about) != 0) return "";
      if (S_ISLNK(about.st_mode)) {
        is_link = true;
        const std::string target = LinkTarget(OldPath(prefix));
        // Within what is shown already the link is there.
        if (!IsShown(prefix) && (!MakeFoldersTo(prefix) ||
                                 (symlink(target.c_str(), prefix.c_str()) != 0 && errno != EEXIST)))
          return "";
        const std::string rest = slash == path.npos ? "" : path.substr(slash);
        const std::string folder = prefix.substr(0, prefix.rfind('/') + 1);
        std::string next = target.starts_with('/') ? target : folder + target;
        next += rest;
        path = Normal(next);
      }
      if (slash == path.npos || is_link) break;
    }
    if (!is_link) return path;
  }
  return "";
}

bool NewRoot::Bind(const std::string& from, const std::string& to, Access access) {
  struct stat about {};
  const std::string old = OldPath(from);
  if (stat(old.c_str(), &about) != 0) return false;
  // Mounts below come along: the kernel hides nothing that they hide.
  if (!MakePlace(to, S_ISDIR(about.st_mode)) ||
      mount(old.c_str(), to.c_str(), nullptr, MS_BIND | MS_REC, nullptr) != 0)
    return false;
  shown_.push_back(to);
  // A device is written to by its driver's rules; the file itself stays as it is.
  return access == Access::kDevice || MakeReadOnly(to, false, false);
}

std::string NewRoot::Show(const std::string& path, Access access) {
  const std::string real = Resolve(path);
  if (real.empty() || IsShown(real)) return "";
  if (access == Access::kList) return MakePlace(real, true) ? "" : SystemError(path);
  return Bind(real, real, access) ? "" : SystemError(path);
}

std::string NewRoot::ShowCache(const std::string& path) {
  const std::string real = Resolve(path);
  if (real.empty()) return path + ": there is no such folder";
  const std::string old = OldPath(real);
  if (!IsShown(real) && !MakePlace(real, true)) return SystemError(path);
  if (mount(old.c_str(), real.c_str(), nullptr, MS_BIND, nullptr) != 0 ||
      !SetAttributes(real, kNoSuid | kNoDevices | kNoPrograms, 0))
    return SystemError(path);
  return "";
}

}  // namespace dcp::confinement
