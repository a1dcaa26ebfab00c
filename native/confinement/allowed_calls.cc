// The table of calls. Whoever adds a line says what in an evaluator needs it; whoever takes one
// away runs test/evaluator, test/gpu and test/confinement. Found with strace on Node 20 to 26 and
// SwiftShader; the lines of NVIDIA's and Mesa's drivers come from their sources and documentation
// and have not run here.
#include "confinement/allowed_calls.h"

#include <fcntl.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

namespace dcp::confinement {

namespace {

constexpr uint64_t kWhole = ~uint64_t{0};
constexpr uint64_t kInt = 0xffffffff;

// What the kernel's headers may be too old to name.
constexpr uint64_t kSetMemoryName = 0x53564d41;  // PR_SET_VMA
constexpr uint64_t kCloneDetached = 0x00400000;

// A thread of this process, and nothing else: no process, no namespace, nobody's parent changed.
constexpr uint64_t kThread =
    CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD | CLONE_SYSVSEM;
constexpr uint64_t kThreadMay =
    CLONE_SETTLS | CLONE_PARENT_SETTID | CLONE_CHILD_CLEARTID | CLONE_CHILD_SETTID | kCloneDetached;

// Whatever an open may do besides reading what is there. O_TMPFILE and O_PATH have bits of their
// own beside those of other flags.
constexpr uint64_t kMoreThanReading = O_ACCMODE | O_CREAT | O_TRUNC | O_APPEND | O_EXCL |
                                      (O_TMPFILE & ~O_DIRECTORY) | O_PATH | O_DIRECT;

// The second byte of a request says whose it is (asm-generic/ioctl.h).
constexpr uint64_t kOwner = 0xff00;
constexpr uint64_t kDrm = 'd' << 8U;
constexpr uint64_t kSyncFile = '>' << 8U;
constexpr uint64_t kDmaBuffer = 'b' << 8U;
constexpr uint64_t kNvidiaControl = 'F' << 8U;
// NVIDIA's unified memory numbers its requests from 1 without that byte, but for two.
constexpr uint64_t kSmallNumber = 0xffffff00;
constexpr uint64_t kUvmInitialize = 0x30000001;
constexpr uint64_t kUvmDeinitialize = 0x30000002;

class Table {
 public:
  explicit Table(unsigned profiles) : profiles_(profiles) {}

  void Allow(int number, unsigned profiles, const char* reason, std::vector<Case> cases = {}) {
    if ((profiles & profiles_) != 0) calls_.push_back({number, profiles, reason, std::move(cases)});
  }

  std::vector<AllowedCall> Take() { return std::move(calls_); }

 private:
  unsigned profiles_;
  std::vector<AllowedCall> calls_;
};

void AllowMemory(Table& table) {
  table.Allow(__NR_mmap, kAll, "heaps, stacks, array buffers; V8 compiles to memory it runs");
  table.Allow(__NR_munmap, kAll, "the same, given back");
  table.Allow(__NR_mprotect, kAll, "V8 commits heap pages and makes compiled code executable");
  table.Allow(__NR_pkey_mprotect, kAll,
              "the same for compiled WebAssembly on processors with protection keys");
  table.Allow(__NR_mremap, kAll, "realloc moves large blocks");
  table.Allow(__NR_madvise, kAll, "V8 and the C library give pages back without unmapping");
  table.Allow(__NR_brk, kAll, "malloc of the main thread");
}

void AllowThreads(Table& table) {
  table.Allow(__NR_clone, kAll, "threads of V8, libuv, Dawn and SwiftShader; no processes",
              {{{0, ~kThreadMay, {kThread}}}});
  table.Allow(__NR_futex, kAll, "every lock and condition");
  table.Allow(__NR_set_robust_list, kAll, "a thread that begins");
  table.Allow(__NR_set_tid_address, kAll, "a thread that begins");
#ifdef __NR_rseq
  table.Allow(__NR_rseq, kAll, "a thread that begins, with glibc 2.35 and later");
#endif
  table.Allow(__NR_exit, kAll, "a thread that ends");
  table.Allow(__NR_exit_group, kAll, "the end of the process");
  table.Allow(__NR_sched_yield, kAll, "locks that spin for a while");
  table.Allow(__NR_sched_getaffinity, kAll, "how many processors there are");
  table.Allow(__NR_sched_getparam, kAll, "locks of V8 from Node 24 on: the priority of a thread");
  table.Allow(__NR_sched_getscheduler, kAll, "the same");
  table.Allow(__NR_gettid, kAll, "locks that know their owner; abort()");
  table.Allow(__NR_prctl, kAll, "names of threads and, in newer V8, of memory; see seccomp",
              {{{0, kInt, {PR_SET_NAME, PR_GET_NAME, kSetMemoryName, PR_GET_NO_NEW_PRIVS}}}});
}

void AllowSignals(Table& table, pid_t self) {
  const Case own = {{0, kInt, {static_cast<uint64_t>(self)}}};
  table.Allow(__NR_tgkill, kAll, "abort() and assertions: a crash is a signal to oneself", {own});
  table.Allow(__NR_kill, kAll, "the same, as V8 and sanitizers do it", {own});
  table.Allow(__NR_rt_sigaction, kAll, "a crash puts the default action back before it happens");
  table.Allow(__NR_rt_sigprocmask, kAll, "threads begin with signals held back");
  table.Allow(__NR_rt_sigreturn, kAll, "the end of a handler: WebAssembly traps by SIGSEGV");
  table.Allow(__NR_sigaltstack, kAll, "handlers that run when a stack has overflowed");
  table.Allow(__NR_restart_syscall, kAll, "the kernel's own, after a process was stopped");
}

void AllowTime(Table& table) {
  table.Allow(__NR_clock_gettime, kAll, "CPU time; and wall time where there is no vDSO");
  table.Allow(__NR_clock_getres, kAll, "the resolution of a clock");
  table.Allow(__NR_clock_nanosleep, kAll, "waiting");
  table.Allow(__NR_nanosleep, kAll, "waiting");
  table.Allow(__NR_gettimeofday, kAll, "wall time where there is no vDSO");
  table.Allow(__NR_timerfd_create, kAll, "the watchdog's timer");
  table.Allow(__NR_timerfd_settime, kAll, "the watchdog's timer is set by whoever has a deadline");
#ifdef __NR_time
  table.Allow(__NR_time, kAll, "wall time where there is no vDSO");
#endif
}

void AllowEventsAndChannel(Table& table) {
  table.Allow(__NR_read, kAll, "frames from the host; wake-ups");
  table.Allow(__NR_readv, kAll, "the same");
  table.Allow(__NR_write, kAll, "frames to the host; wake-ups; a crash's last words");
  table.Allow(__NR_writev, kAll, "frames to the host");
  table.Allow(__NR_close, kAll, "the channel, when its other side has closed");
  table.Allow(__NR_shutdown, kAll, "the end of the channel");
  table.Allow(__NR_epoll_ctl, kAll, "Node's event loops");
  table.Allow(__NR_epoll_pwait, kAll, "Node's event loops");
  table.Allow(__NR_ppoll, kAll, "threads that wait for Sandboxes");
  table.Allow(__NR_eventfd2, kAll, "wake-ups of event loops and drivers");
  table.Allow(__NR_ioctl, kAll,
              "libuv: a descriptor does not block, is not inherited, is no terminal",
              {{{1, kInt, {FIONBIO, FIOCLEX, FIONCLEX, TCGETS, FIONREAD}}}});
  table.Allow(__NR_fcntl, kAll,
              "the same in the C library; whether shared memory is sealed, when the host says that "
              "it is there",
              {{{1, kInt, {F_GETFD, F_SETFD, F_GETFL, F_SETFL, F_DUPFD_CLOEXEC, F_GET_SEALS}}}});
  table.Allow(__NR_fstat, kAll, "what kind of descriptor standard error is");
#if defined(__x86_64__)
  // Left out of newer architectures.
  table.Allow(__NR_poll, kAll, "Node and the watchdog wait");
  table.Allow(__NR_epoll_wait, kAll, "Node's event loops");
#endif
}

void AllowQuestions(Table& table, pid_t self) {
  table.Allow(__NR_getpid, kAll, "abort(); names of locks");
  table.Allow(__NR_getppid, kAll, "process.ppid");
  table.Allow(__NR_getuid, kAll, "Node asks whether it may trust its environment");
  table.Allow(__NR_geteuid, kAll, "the same");
  table.Allow(__NR_getgid, kAll, "the same");
  table.Allow(__NR_getegid, kAll, "the same");
  table.Allow(__NR_capget, kAll, "the same");
  table.Allow(__NR_getrandom, kAll, "crypto.getRandomValues, seeds of hash tables");
  table.Allow(__NR_getrusage, kAll, "CPU time and memory of the process");
  table.Allow(__NR_sysinfo, kAll, "how much memory there is");
  table.Allow(__NR_uname, kAll, "libuv asks the kernel's version");
  table.Allow(__NR_getcwd, kAll, "process.cwd()");
  table.Allow(__NR_prlimit64, kAll, "own limits are read, for the stacks of threads, and never set",
              {{{2, kWhole, {0}}, {0, kInt, {0, static_cast<uint64_t>(self)}}}});
#ifdef __NR_getrlimit
  table.Allow(__NR_getrlimit, kAll, "the same, in older C libraries");
#endif
}

// A Vulkan loader looks for drivers and layers whenever a Sandbox makes its first adapter, so files
// can be opened in these profiles: for reading what Landlock, the stage before, lets through. So
// does a thread that begins to run Sandboxes look for its code.
void AllowFiles(Table& table) {
  constexpr unsigned kReadOnly = kSoftwareGpuCalls | kConnectionCalls;
  constexpr unsigned kDevices = kNvidiaCalls | kMesaCalls;
  constexpr unsigned kLooks = kAnyGpu | kConnectionCalls;
  table.Allow(__NR_openat, kReadOnly,
              "manifests and libraries of Vulkan drivers, code of threads, read only",
              {{{2, kMoreThanReading, {O_RDONLY}}}});
  table.Allow(__NR_openat, kDevices, "the same, and the device files of GPUs, but nothing new",
              {{{2, kMoreThanReading & ~uint64_t{O_ACCMODE}, {0}}}});
  table.Allow(__NR_newfstatat, kLooks, "the dynamic loader and the Vulkan loader look at files");
  table.Allow(__NR_statx, kLooks, "Node looks for Dawn's library, and for code");
  table.Allow(__NR_faccessat, kLooks,
              "the Vulkan loader asks whether its settings exist, a new thread whether builds do");
  table.Allow(__NR_faccessat2, kLooks, "the same, in newer C libraries");
  table.Allow(__NR_readlinkat, kLooks, "drivers find out where they lie");
  table.Allow(__NR_getdents64, kLooks,
              "the Vulkan loader lists drivers and layers, a new thread the addon's builds");
  table.Allow(__NR_lseek, kLooks, "manifests are read in parts");
  table.Allow(__NR_pread64, kLooks, "the dynamic loader reads headers of libraries");
  table.Allow(__NR_seccomp, kAnyGpu, "without a Job that requires a GPU the filter is narrowed",
              {{{0, kInt, {SECCOMP_SET_MODE_FILTER}}, {1, kWhole, {SECCOMP_FILTER_FLAG_TSYNC}}}});
  table.Allow(__NR_statfs, kDevices, "drivers ask what kind of file system their files are in");
  table.Allow(__NR_dup, kAnyGpu, "descriptors of buffers that drivers share among their parts");
#if defined(__x86_64__)
  table.Allow(__NR_access, kLooks, "as faccessat");
  table.Allow(__NR_readlink, kLooks, "drivers find out where they lie");
  table.Allow(__NR_stat, kLooks, "older C libraries look at files");
#endif
}

void AllowConnections(Table& table) {
  table.Allow(__NR_recvmsg, kConnectionCalls, "connections that the listening process hands over");
  table.Allow(__NR_getsockopt, kConnectionCalls, "libuv asks what kind of socket it got");
  table.Allow(__NR_getsockname, kConnectionCalls, "the same");
  table.Allow(__NR_epoll_create1, kConnectionCalls,
              "the event loop of a thread that replaces a stuck one");
  table.Allow(__NR_pipe2, kConnectionCalls, "the same: libuv hears of signals by it",
              {{{1, kInt & ~static_cast<uint64_t>(O_CLOEXEC | O_NONBLOCK), {0}}}});
}

// Not tried here: there is no such GPU.
void AllowDevices(Table& table) {
  table.Allow(__NR_ioctl, kMesaCalls, "requests to the kernel's DRM, fences and shared buffers",
              {{{1, kOwner, {kDrm}}}, {{1, kOwner, {kSyncFile}}}, {{1, kOwner, {kDmaBuffer}}}});
  table.Allow(__NR_ioctl, kNvidiaCalls, "requests to NVIDIA's kernel modules",
              {{{1, kOwner, {kNvidiaControl}}},
               {{1, kOwner, {kDrm}}},
               {{1, kSmallNumber & kInt, {0}}},
               {{1, kInt, {kUvmInitialize, kUvmDeinitialize}}}});
  table.Allow(__NR_memfd_create, kNvidiaCalls | kMesaCalls, "memory that the driver's parts share");
  table.Allow(__NR_ftruncate, kNvidiaCalls | kMesaCalls, "its size");
  table.Allow(__NR_kcmp, kMesaCalls, "Mesa asks whether two descriptors are the same device");
  table.Allow(__NR_sched_setaffinity, kNvidiaCalls, "the driver moves its own threads",
              {{{0, kInt, {0}}}});
  table.Allow(__NR_mlock, kNvidiaCalls, "memory that the GPU reads stays where it is");
  table.Allow(__NR_munlock, kNvidiaCalls, "the same, given back");
}

}  // namespace

std::vector<AllowedCall> AllowedCalls(unsigned profiles, pid_t self) {
  Table table(profiles);
  // The kernel walks the list for calls whose arguments are looked at: frequent ones come first.
  AllowThreads(table);
  AllowMemory(table);
  AllowEventsAndChannel(table);
  AllowTime(table);
  AllowSignals(table, self);
  AllowQuestions(table, self);
  AllowFiles(table);
  AllowConnections(table);
  AllowDevices(table);
  return table.Take();
}

std::vector<RefusedCall> MissingCalls() {
  return {
#ifdef __NR_clone3
      {__NR_clone3, "its flags lie in memory, where a filter cannot look; glibc then takes clone"},
#endif
#ifdef __NR_io_uring_setup
      {__NR_io_uring_setup, "libuv asks whether there is one; a ring makes calls past the filter"},
#endif
  };
}

std::vector<RefusedCall> DeadlyCalls() {
  return {
    {__NR_init_module, "code in the kernel"}, {__NR_finit_module, "code in the kernel"},
        {__NR_delete_module, "code out of the kernel"}, {__NR_kexec_load, "another kernel"},
#ifdef __NR_kexec_file_load
        {__NR_kexec_file_load, "another kernel"},
#endif
        {__NR_reboot, "the end of the machine"}, {__NR_swapon, "memory on a file of its choice"},
        {__NR_swapoff, "no memory on disk any more"}, {__NR_pivot_root, "another root for all"},
#if defined(__x86_64__)
        {__NR_iopl, "the ports of the hardware"}, {__NR_ioperm, "the ports of the hardware"},
#endif
  };
}

}  // namespace dcp::confinement
