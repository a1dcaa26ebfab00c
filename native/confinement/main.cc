// dcp-confine: runs a program with as little of the machine as it needs. It is a process of one
// thread, because Node has many before any code of ours runs, and what one thread gives up the
// others keep. docs/CONFINEMENT.md says what it does.
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "confinement/cgroup.h"
#include "confinement/files.h"
#include "confinement/io_uring.h"
#include "confinement/launch.h"
#include "confinement/layers.h"
#include "confinement/report.h"
#include "confinement/specification.h"

namespace dcp::confinement {

namespace {

// Exit codes, as sysexits.h has them. Those of the program are passed on.
constexpr int kUsage = 64;
constexpr int kBroken = 70;
constexpr int kRefused = 78;
constexpr int kCannotRun = 127;

// What the launcher says to the process that becomes the program.
struct Go {
  pid_t pid;
  bool is_in_cgroup;
};

std::vector<Grant> GrantsOf(const Specification& specification) {
  std::vector<Grant> grants;
  const std::string program = specification.program[0];
  grants.push_back({program, Access::kExecute});
  const std::string interpreter = InterpreterOf(program);
  if (!interpreter.empty()) grants.push_back({interpreter, Access::kExecute});
  for (const std::string& path : specification.readable) grants.push_back({path, Access::kRead});
  for (const Entry& entry : EntriesOf(specification.profiles)) {
    for (std::string& path : Expand(entry.path)) grants.push_back({std::move(path), entry.access});
  }
  return grants;
}

// A cache, or the memory that the parts of a driver share: the kernel counts it as a file.
bool WritesFiles(const Specification& specification) {
  const auto& profiles = specification.profiles;
  return !specification.cache_directory.empty() ||
         std::any_of(profiles.begin(), profiles.end(), [](Profile profile) {
           return profile == Profile::kNvidia || profile == Profile::kMesa;
         });
}

void Say(int fd, const std::string& line) {
  size_t written = 0;
  while (written < line.size()) {
    const ssize_t count = write(fd, line.data() + written, line.size() - written);
    if (count <= 0) return;
    written += static_cast<size_t>(count);
  }
}

class Launcher {
 public:
  explicit Launcher(const Specification& specification)
      : specification_(specification), mask_(BlockSignals()) {}

  [[noreturn]] void Run() {
    grants_ = GrantsOf(specification_);
    Make(Layer::kCgroup,
         [this] { return cgroup_.Make(specification_.cgroup, specification_.memory_bytes); });
    Make(Layer::kUserNamespace, EnterUserNamespace);
    Make(Layer::kMountNamespace, EnterMountNamespace);
    Make(Layer::kNetworkNamespace, EnterNetworkNamespace);
    Make(Layer::kIpcNamespace, EnterIpcNamespace);
    Make(Layer::kPidNamespace, EnterPidNamespace);
    LayerState parent_death = Off("it was started by nobody in particular");
    if (specification_.parent != 0) {
      // It gained rights in its user namespace, which undid what was there of this.
      parent_death = DieWithParent(-1);
      if (getppid() != specification_.parent) _exit(0);
    }
    if (IsOn(Layer::kPidNamespace)) Fork();
    report_[Layer::kParentDeath] = std::move(parent_death);
    Become({getpid(), cgroup_.Enter(0)}, -1);
  }

 private:
  template <typename Function>
  void Make(Layer layer, Function make) {
    const char* name = kLayerNames[static_cast<size_t>(layer)];
    report_[layer] = specification_.Leaves(name) ? Off("it was left out") : make();
  }
  bool IsOn(Layer layer) { return report_[layer].kind == LayerState::Kind::kOn; }

  // This process stays outside of the pid namespace; one within becomes the program.
  [[noreturn]] void Fork() {
    const int self = PidfdOf(getpid());
    int gate[2];
    if (self < 0 || pipe2(gate, O_CLOEXEC) != 0) _exit(kBroken);
    const pid_t init = fork();
    if (init == 0) RunInit(self);
    const pid_t program = init < 0 ? -1 : fork();
    if (program == 0) {
      close(gate[1]);
      Go go{};
      if (read(gate[0], &go, sizeof go) != sizeof go) _exit(0);
      close(gate[0]);
      Become(go, self);
    }
    if (program < 0) _exit(kBroken);
    const Go go{program, cgroup_.Enter(program)};
    if (write(gate[1], &go, sizeof go) != sizeof go) _exit(kBroken);
    ForbidNewPrivileges();
    DropCapabilities();
    CloseDescriptors(cgroup_.Descriptors(), {});
    StayBeside(program, init, [this] { cgroup_.Remove(); });
  }

  [[noreturn]] void Become(const Go& go, int launcher) {
    if (!go.is_in_cgroup) report_[Layer::kCgroup] = Missing("the process cannot be put into it");
    if (IsOn(Layer::kMountNamespace)) {
      Make(Layer::kMountNamespace, [this] {
        const bool own_proc = IsOn(Layer::kPidNamespace);
        // Before the new root, whose /proc is read-only.
        Make(Layer::kOomScore, RaiseOomScore);
        return MakeRoot({grants_, specification_.cache_directory, own_proc});
      });
    } else {
      Make(Layer::kOomScore, RaiseOomScore);
    }
    Make(Layer::kResourceLimits, [this] {
      return SetResourceLimits({.own_user_namespace = IsOn(Layer::kUserNamespace),
                                .writes_files = WritesFiles(specification_),
                                .writes_output = specification_.writes_output,
                                .memory_bytes = specification_.memory_bytes});
    });
    Make(Layer::kNoNewPrivileges, ForbidNewPrivileges);
    Make(Layer::kSeccomp, RefuseIoUring);
    Make(Layer::kLandlock,
         [this] { return RestrictFiles(grants_, specification_.cache_directory); });
    Make(Layer::kCapabilities, DropCapabilities);
    if (launcher >= 0) Make(Layer::kParentDeath, [launcher] { return DieWithParent(launcher); });
    Make(Layer::kDescriptors,
         [this] { return CloseDescriptors(specification_.kept_fds, {specification_.report_fd}); });
    Start(go);
  }

  [[noreturn]] void Start(const Go& go) {
    const auto say = [this, &go](const std::string& failure) {
      // Who becomes the launcher reads no report.
      if (!failure.empty() && specification_.parent == 0)
        Say(STDERR_FILENO, "dcp-confine: " + failure + "\n");
      Say(specification_.report_fd,
          report_.Line(go.pid, specification_.profiles, cgroup_.path(), failure));
    };
    if (specification_.require && !report_.IsComplete()) {
      say("layers of the confinement are missing, and all are required");
      _exit(kRefused);
    }
    say("");
    if (specification_.probe) _exit(0);
    pthread_sigmask(SIG_SETMASK, &mask_, nullptr);
    if (chdir("/") == 0) execv(specification_.program[0], specification_.program.data());
    say(SystemError(specification_.program[0]));
    _exit(kCannotRun);
  }

  const Specification& specification_;
  const sigset_t& mask_;
  std::vector<Grant> grants_;
  Cgroup cgroup_;
  Report report_;
};

// The reviewed table, for the documentation and those who check it.
int List() {
  constexpr const char* kNames[] = {"list", "read", "execute", "device"};
  for (const Entry& entry : AllEntries()) {
    printf("%s\t%s\t%s\t%s\n", NameOf(entry.profile), kNames[static_cast<size_t>(entry.access)],
           entry.path, entry.reason);
  }
  return 0;
}

int Main(int argc, char** argv) {
  if (argc == 2 && std::strcmp(argv[1], "--list") == 0) return List();
  Specification specification;
  const std::string wrong = ReadSpecification(argc, argv, specification);
  if (!wrong.empty()) {
    fprintf(stderr, "dcp-confine: %s\n", wrong.c_str());
    return kUsage;
  }
  // It ends with the launcher whatever layers there are: whoever reads it waits for its end.
  if (fcntl(specification.report_fd, F_SETFD, FD_CLOEXEC) != 0) {
    fprintf(stderr, "dcp-confine: --report: expected an open descriptor, got '%d'\n",
            specification.report_fd);
    return kUsage;
  }
  Launcher(specification).Run();
}

}  // namespace

}  // namespace dcp::confinement

int main(int argc, char** argv) { return dcp::confinement::Main(argc, argv); }
