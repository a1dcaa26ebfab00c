#include <fcntl.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "confinement/layers.h"
#include "confinement/new_root.h"

namespace dcp::confinement {

namespace {

// Any folder that every machine has: what is mounted over it is seen by nobody else.
constexpr const char* kBases[] = {"/tmp", "/run", "/var", "/usr"};
// What the launcher shows of the old /proc where the kernel gives it no new one.
constexpr const char* kProcFiles[] = {"cpuinfo", "meminfo", "stat", "version"};

bool MountEmptyRoot() {
  for (const char* base : kBases) {
    if (mount("tmpfs", base, "tmpfs", MS_NOSUID | MS_NODEV, "mode=755,size=4m") == 0)
      return chdir(base) == 0;
  }
  return false;
}

// A /proc of the process's own pid namespace; where something hides a part of the machine's (a
// container's manager, a service manager), the kernel refuses one, and the process sees of the old
// one its own folder and what it needs.
bool ShowProc(NewRoot& root, bool own_proc) {
  if (mkdir("/proc", 0555) != 0) return false;
  constexpr unsigned long kFlags = MS_RDONLY | MS_NOSUID | MS_NODEV | MS_NOEXEC;
  if (own_proc && mount("proc", "/proc", "proc", kFlags, nullptr) == 0) {
    root.AddShown("/proc");
    return true;
  }
  // A process of a namespace that is not its own sees others there, whose memory and environment
  // are closed to it.
  if (!own_proc) return root.Show("/proc", Access::kRead).empty();
  char self[32] = "";
  const std::string old = root.OldPath("/proc/self");
  if (readlink(old.c_str(), self, sizeof self - 1) < 0) return false;
  if (!root.Bind("/proc/" + std::string(self), "/proc/self", Access::kRead)) return false;
  for (const char* name : kProcFiles) {
    const std::string path = "/proc/" + std::string(name);
    // A service manager may hide them (ProcSubset=pid), and Node does without.
    if (!root.Bind(path, path, Access::kRead) && errno != ENOENT) return false;
  }
  return true;
}

std::string Furnish(NewRoot& root, const RootOptions& options) {
  if (!ShowProc(root, options.own_proc)) return SystemError("/proc");
  for (const auto& [path, access] : options.grants) {
    if (path == "/proc") continue;
    std::string problem = root.Show(path, access);
    if (!problem.empty()) return problem;
  }
  if (!options.cache_directory.empty()) return root.ShowCache(options.cache_directory);
  return "";
}

}  // namespace

LayerState EnterMountNamespace() {
  if (unshare(CLONE_NEWNS) != 0) return MissingBySystem("unshare(CLONE_NEWNS)");
  // Nothing that is mounted from now on is seen outside, nor the other way round.
  if (mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0)
    return MissingBySystem("the machine's mounts cannot be made private");
  return On();
}

LayerState MakeRoot(const RootOptions& options) {
  const int old = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
  if (old < 0) return MissingBySystem("/");
  if (!NewRoot::IsSupported()) {
    close(old);
    return Missing("the kernel has no mount_setattr (it is older than 5.12)");
  }
  const auto give_up = [old](const std::string& why) {
    LayerState missing = Missing(why);
    // The machine's own root, in mounts that are still private.
    if (fchdir(old) != 0 || chroot(".") != 0) _exit(70);
    close(old);
    return missing;
  };
  if (!MountEmptyRoot()) return give_up(SystemError("no empty file system can be mounted"));
  if (mkdir(NewRoot::kOldName, 0700) != 0 || syscall(SYS_pivot_root, ".", NewRoot::kOldName) != 0 ||
      chdir("/") != 0)
    return give_up(SystemError("pivot_root"));
  NewRoot root;
  const std::string problem = Furnish(root, options);
  if (!problem.empty()) return give_up(problem);
  close(old);
  const std::string old_path = "/" + std::string(NewRoot::kOldName);
  if (umount2(old_path.c_str(), MNT_DETACH) != 0 || rmdir(old_path.c_str()) != 0 ||
      !NewRoot::MakeReadOnly("/", false, true))
    _exit(71);
  return On();
}

}  // namespace dcp::confinement
