#include "attempts.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <linux/futex.h>
#include <linux/io_uring.h>
#include <linux/keyctl.h>
#include <linux/openat2.h>
#include <linux/perf_event.h>
#include <linux/sched.h>
#include <linux/seccomp.h>
#include <netinet/in.h>
#include <sched.h>
#include <signal.h>
#include <sys/inotify.h>
#include <sys/ioctl.h>
#include <sys/ipc.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/timex.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace attempts {

Targets targets{};

namespace {

template <typename... Arguments>
int Try(long number, Arguments... arguments) {
  return syscall(number, arguments...) < 0 ? errno : 0;
}

// What gives a descriptor, which is closed again.
template <typename... Arguments>
int TryDescriptor(long number, Arguments... arguments) {
  const long fd = syscall(number, arguments...);
  if (fd < 0) return errno;
  close(static_cast<int>(fd));
  return 0;
}

// In a process of its own where that can be had, for what changes the process; else here, where it
// is to fail.
int InChild(int (*run)()) {
  const long child = syscall(__NR_clone, SIGCHLD, 0, 0, 0, 0);
  if (child < 0) return run();
  if (child == 0) syscall(__NR_exit_group, run());
  int status = 0;
  if (waitpid(static_cast<pid_t>(child), &status, 0) < 0) return errno;
  return WIFEXITED(status) ? WEXITSTATUS(status) : ECHILD;
}

int Open(const char* path, int flags, int mode = 0) {
  return TryDescriptor(__NR_openat, AT_FDCWD, path, flags, mode);
}

// A file of the folder for everybody, by the thread's number so that nobody meets another's.
struct Path {
  explicit Path(const char* folder = targets.folder) {
    const long thread = syscall(__NR_gettid);
    size_t end = strnlen(folder, sizeof targets.folder);
    memcpy(text, folder, end);
    text[end++] = '/';
    for (long rest = thread; rest > 0; rest /= 10) text[end++] = static_cast<char>('0' + rest % 10);
    text[end] = '\0';
  }
  char text[sizeof(Targets::folder) + 32] = {};
};

// A file that is there, for attempts on files; -1: there cannot be one.
int Scratch(const Path& path) { return open(path.text, O_RDWR | O_CREAT, 0600); }

template <typename Attempt>
int OnScratch(Attempt attempt) {
  const Path path;
  const int fd = Scratch(path);
  const int result = attempt(path.text);
  if (fd >= 0) {
    close(fd);
    unlink(path.text);
  }
  return result;
}

// A socket of its own where there can be one; else the one that is there.
template <typename Attempt>
int OnSocket(int type, Attempt attempt) {
  const int fd = socket(AF_INET, type, 0);
  const int result = attempt(fd >= 0 ? fd : targets.socket) < 0 ? errno : 0;
  if (fd >= 0) close(fd);
  return result;
}

sockaddr_in Loopback(int port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<uint16_t>(port));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return address;
}

int ForkWith(uint64_t flags) {
  const long child = syscall(__NR_clone, flags, 0, 0, 0, 0);
  if (child == 0) syscall(__NR_exit_group, 0);
  if (child < 0) return errno;
  waitpid(static_cast<pid_t>(child), nullptr, 0);
  return 0;
}

char kByte[] = "x";
char* const kArguments[] = {const_cast<char*>("true"), nullptr};
char* const kEnvironment[] = {nullptr};

// /proc/<host> and what follows.
struct HostPath {
  explicit HostPath(const char* name) {
    size_t end = strlen(text);
    char digits[16];
    size_t count = 0;
    for (int rest = targets.host; rest > 0; rest /= 10)
      digits[count++] = static_cast<char>('0' + rest % 10);
    while (count > 0) text[end++] = digits[--count];
    strncpy(text + end, name, sizeof text - end - 1);
  }
  char text[64] = "/proc/";
};

int HostFile(const char* name, int flags) {
  const HostPath path(name);
  return Open(path.text, flags);
}

}  // namespace

// clang-format off
const Attempt kAttempts[] = {
    // Files.
    {"read a file of the system", [] { return Open("/etc/passwd", O_RDONLY); }},
    {"read the machine's secrets", [] { return Open("/etc/shadow", O_RDONLY); }},
    {"read the Scheduler's data", [] { return Open(targets.scheduler_data, O_RDONLY); }},
    {"write the Scheduler's data", [] { return Open(targets.scheduler_data, O_WRONLY); }},
    {"read the Worker's keys", [] { return Open(targets.worker_key, O_RDONLY); }},
    {"look at the Worker's keys", [] { struct stat found; return Try(__NR_newfstatat, AT_FDCWD, targets.worker_key, &found, 0); }},
    {"look at the Worker's keys with statx", [] { struct statx found; return Try(__NR_statx, AT_FDCWD, targets.worker_key, 0, STATX_ALL, &found); }},
    {"ask whether the Worker's keys are there", [] { return Try(__NR_faccessat, AT_FDCWD, targets.worker_key, R_OK); }},
    {"change who may read the Worker's keys", [] { return Try(__NR_fchmodat, AT_FDCWD, targets.worker_key, 0600); }},
    {"change whose the Worker's keys are", [] { return Try(__NR_fchownat, AT_FDCWD, targets.worker_key, -1, -1, 0); }},
    {"empty the Scheduler's data", [] { struct stat found{}; stat(targets.scheduler_data, &found); return Try(__NR_truncate, targets.scheduler_data, found.st_size); }},
    {"open with openat2", [] { open_how how{}; how.flags = O_RDONLY; return TryDescriptor(__NR_openat2, AT_FDCWD, "/etc/passwd", &how, sizeof how); }},
    {"read another process's environment", [] { return HostFile("/environ", O_RDONLY); }},
    {"read another process's memory map", [] { return HostFile("/maps", O_RDONLY); }},
    {"open another process's memory", [] { return HostFile("/mem", O_RDWR); }},
    {"open its own memory to write", [] { return Open("/proc/self/mem", O_RDWR); }},
    {"raise its chance to be spared by the kernel", [] { return Open("/proc/self/oom_score_adj", O_WRONLY); }},
    {"write an executable file", [] { const Path path; const int result = Open(path.text, O_WRONLY | O_CREAT, 0755); if (result == 0) unlink(path.text); return result; }},
    {"make a file without a name", [] { return Open(targets.folder, O_TMPFILE | O_RDWR, 0600); }},
    {"make a folder", [] { const Path path; const int result = Try(__NR_mkdirat, AT_FDCWD, path.text, 0700); if (result == 0) rmdir(path.text); return result; }},
    {"make a symbolic link", [] { const Path path; const int result = Try(__NR_symlinkat, targets.worker_key, AT_FDCWD, path.text); if (result == 0) unlink(path.text); return result; }},
    {"make a link to the Worker's keys", [] { const Path path; const int result = Try(__NR_linkat, AT_FDCWD, targets.worker_key, AT_FDCWD, path.text, 0); if (result == 0) unlink(path.text); return result; }},
    {"make a pipe with a name", [] { const Path path; const int result = Try(__NR_mknodat, AT_FDCWD, path.text, S_IFIFO | 0600, 0); if (result == 0) unlink(path.text); return result; }},
    {"rename a file", [] { return OnScratch([](const char* path) { return Try(__NR_renameat2, AT_FDCWD, path, AT_FDCWD, path, 0); }); }},
    {"delete a file", [] { return OnScratch([](const char* path) { return Try(__NR_unlinkat, AT_FDCWD, path, 0); }); }},
    {"change a file's times", [] { return OnScratch([](const char* path) { return Try(__NR_utimensat, AT_FDCWD, path, nullptr, 0); }); }},
    {"watch files", [] { return TryDescriptor(__NR_inotify_init1, IN_CLOEXEC); }},
    {"change the current folder", [] { return InChild([] { return Try(__NR_chdir, targets.folder); }); }},
    {"change the root", [] { return InChild([] { return Try(__NR_chroot, "/"); }); }},
    {"follow another process's link", [] { const HostPath path("/exe"); char to[64]; return Try(__NR_readlinkat, AT_FDCWD, path.text, to, sizeof to); }},
    {"memory that is a file", [] { return TryDescriptor(__NR_memfd_create, "attempt", 0); }},

    // The network, and other processes by sockets.
    {"make a TCP socket", [] { return TryDescriptor(__NR_socket, AF_INET, SOCK_STREAM, 0); }},
    {"make a UDP socket", [] { return TryDescriptor(__NR_socket, AF_INET, SOCK_DGRAM, 0); }},
    {"make a UNIX socket", [] { return TryDescriptor(__NR_socket, AF_UNIX, SOCK_STREAM, 0); }},
    {"make a netlink socket", [] { return TryDescriptor(__NR_socket, AF_NETLINK, SOCK_RAW, 0); }},
    {"make a pair of sockets", [] { int pair[2]; const int result = Try(__NR_socketpair, AF_UNIX, SOCK_STREAM, 0, pair); if (result == 0) { close(pair[0]); close(pair[1]); } return result; }},
    {"connect", [] { return OnSocket(SOCK_STREAM, [](int fd) { const sockaddr_in to = Loopback(targets.tcp_port); return syscall(__NR_connect, fd, &to, sizeof to); }); }},
    {"bind", [] { return OnSocket(SOCK_STREAM, [](int fd) { const sockaddr_in to = Loopback(0); return syscall(__NR_bind, fd, &to, sizeof to); }); }},
    {"listen", [] { return OnSocket(SOCK_STREAM, [](int fd) { return syscall(__NR_listen, fd, 1); }); }},
    {"send a datagram", [] { return OnSocket(SOCK_DGRAM, [](int fd) { const sockaddr_in to = Loopback(targets.tcp_port); return syscall(__NR_sendto, fd, "x", 1, 0, &to, sizeof to); }); }},
    {"change a socket", [] { return OnSocket(SOCK_STREAM, [](int fd) { const int on = 1; return syscall(__NR_setsockopt, fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof on); }); }},

    // Processes.
    {"fork", [] { return ForkWith(SIGCHLD); }},
    {"vfork", [] { const pid_t child = vfork(); if (child == 0) _exit(0); if (child < 0) return errno; waitpid(child, nullptr, 0); return 0; }},
    {"fork with clone3", [] { clone_args how{}; how.exit_signal = SIGCHLD; const long child = syscall(__NR_clone3, &how, sizeof how); if (child == 0) syscall(__NR_exit_group, 0); if (child < 0) return errno; waitpid(static_cast<pid_t>(child), nullptr, 0); return 0; }},
    {"exec", [] { return InChild([] { return Try(__NR_execve, "/bin/true", kArguments, kEnvironment); }); }},
    {"exec with execveat", [] { return InChild([] { return Try(__NR_execveat, AT_FDCWD, "/bin/true", kArguments, kEnvironment, 0); }); }},
    {"trace another process", [] { return InChild([] { return Try(__NR_ptrace, PTRACE_SEIZE, targets.host, 0, 0); }); }},
    {"be traced", [] { return InChild([] { return Try(__NR_ptrace, PTRACE_TRACEME, 0, 0, 0); }); }},
    {"read another process's memory", [] { char bytes[16]; iovec own{bytes, sizeof bytes}; iovec theirs{reinterpret_cast<void*>(targets.host_address), sizeof bytes}; return Try(__NR_process_vm_readv, targets.host, &own, 1, &theirs, 1, 0); }},
    {"write another process's memory", [] { char bytes[16] = {}; iovec own{bytes, sizeof bytes}; iovec theirs{reinterpret_cast<void*>(targets.host_address), sizeof bytes}; return Try(__NR_process_vm_writev, targets.host, &own, 1, &theirs, 1, 0); }},
    {"signal another process", [] { return Try(__NR_kill, targets.host, 0); }},
    {"signal all processes", [] { return InChild([] { return Try(__NR_kill, 0, 0); }); }},
    {"signal another process's thread", [] { return Try(__NR_tgkill, targets.host, targets.host, 0); }},
    {"signal another process's thread with tkill", [] { return Try(__NR_tkill, targets.host, 0); }},
    {"signal another process with a value", [] { siginfo_t info{}; info.si_code = SI_QUEUE; return Try(__NR_rt_sigqueueinfo, targets.host, 0, &info); }},
    {"hold another process", [] { return TryDescriptor(__NR_pidfd_open, targets.host, 0); }},
    {"compare with another process", [] { return Try(__NR_kcmp, getpid(), targets.host, 1 /* KCMP_VM */, 0, 0); }},
    {"lower another process's priority", [] { return Try(__NR_setpriority, PRIO_PROCESS, targets.host, getpriority(PRIO_PROCESS, static_cast<id_t>(targets.host))); }},
    {"read another process's limits", [] { rlimit64 limit; return Try(__NR_prlimit64, targets.host, RLIMIT_NOFILE, nullptr, &limit); }},
    {"change its own limits", [] { rlimit64 limit; syscall(__NR_prlimit64, 0, RLIMIT_CORE, nullptr, &limit); return Try(__NR_prlimit64, 0, RLIMIT_CORE, &limit, nullptr); }},
    {"begin a session", [] { return InChild([] { return Try(__NR_setsid); }); }},
    {"outlive its parent", [] { return InChild([] { return Try(__NR_prctl, PR_SET_PDEATHSIG, 0, 0, 0, 0); }); }},
    {"hide from its owner", [] { return InChild([] { return Try(__NR_prctl, PR_SET_DUMPABLE, 0, 0, 0, 0); }); }},
    {"have input and output signalled to another process", [] { return InChild([] { return Try(__NR_fcntl, targets.socket, F_SETOWN, targets.host); }); }},
    {"have a descriptor signal", [] { int on = 0; return Try(__NR_ioctl, targets.socket, FIOASYNC, &on); }},

    // Namespaces, mounts and who it is.
    {"a user namespace", [] { return InChild([] { return Try(__NR_unshare, CLONE_NEWUSER); }); }},
    {"a network namespace", [] { return InChild([] { return Try(__NR_unshare, CLONE_NEWUSER | CLONE_NEWNET); }); }},
    {"a process in namespaces", [] { return ForkWith(SIGCHLD | CLONE_NEWUSER); }},
    {"enter a namespace", [] { return InChild([] { const int fd = open("/proc/self/ns/uts", O_RDONLY); return Try(__NR_setns, fd >= 0 ? fd : targets.socket, 0); }); }},
    {"mount", [] { return InChild([] { syscall(__NR_unshare, CLONE_NEWUSER | CLONE_NEWNS); return Try(__NR_mount, "none", targets.folder, "tmpfs", 0, nullptr); }); }},
    {"unmount", [] { return InChild([] { syscall(__NR_unshare, CLONE_NEWUSER | CLONE_NEWNS); syscall(__NR_mount, "none", targets.folder, "tmpfs", 0, nullptr); return Try(__NR_umount2, targets.folder, MNT_DETACH); }); }},
    {"mount with fsopen", [] { return InChild([] { syscall(__NR_unshare, CLONE_NEWUSER | CLONE_NEWNS); return TryDescriptor(__NR_fsopen, "tmpfs", 0); }); }},
    {"copy a tree of mounts", [] { return InChild([] { syscall(__NR_unshare, CLONE_NEWUSER | CLONE_NEWNS); return TryDescriptor(__NR_open_tree, AT_FDCWD, "/", 1 /* OPEN_TREE_CLONE */); }); }},
    {"become another user", [] { return InChild([] { return Try(__NR_setuid, getuid()); }); }},
    {"become another group", [] { return InChild([] { return Try(__NR_setgid, getgid()); }); }},
    {"name the machine", [] { return InChild([] { syscall(__NR_unshare, CLONE_NEWUSER | CLONE_NEWUTS); return Try(__NR_sethostname, "attempt", 7); }); }},

    // The kernel.
    {"add a key", [] { return InChild([] { return Try(__NR_add_key, "user", "attempt", "x", 1, KEY_SPEC_PROCESS_KEYRING); }); }},
    {"read a keyring", [] { return InChild([] { return Try(__NR_keyctl, KEYCTL_GET_KEYRING_ID, KEY_SPEC_USER_SESSION_KEYRING, 1); }); }},
    {"ask for a key", [] { return InChild([] { syscall(__NR_add_key, "user", "attempt", "x", 1, KEY_SPEC_PROCESS_KEYRING); return Try(__NR_request_key, "user", "attempt", nullptr, 0); }); }},
    {"bpf", [] { bpf_attr how{}; how.map_type = BPF_MAP_TYPE_ARRAY; how.key_size = 4; how.value_size = 4; how.max_entries = 1; return TryDescriptor(__NR_bpf, BPF_MAP_CREATE, &how, sizeof how); }},
    {"perf_event_open", [] { perf_event_attr how{}; how.size = sizeof how; how.type = PERF_TYPE_SOFTWARE; how.config = PERF_COUNT_SW_CPU_CLOCK; return TryDescriptor(__NR_perf_event_open, &how, 0, -1, -1, 0); }},
    {"io_uring", [] { io_uring_params how{}; return TryDescriptor(__NR_io_uring_setup, 2, &how); }},
    {"asynchronous input and output", [] { unsigned long context = 0; const int result = Try(__NR_io_setup, 1, &context); if (result == 0) syscall(__NR_io_destroy, context); return result; }},
    {"userfaultfd", [] { return TryDescriptor(__NR_userfaultfd, O_CLOEXEC); }},
    {"take a filter of its own", [] { uint32_t action = SECCOMP_RET_USER_NOTIF; return Try(__NR_seccomp, SECCOMP_GET_ACTION_AVAIL, 0, &action); }},
    {"read the kernel's log", [] { return Try(__NR_syslog, 10 /* SYSLOG_ACTION_SIZE_BUFFER */, nullptr, 0); }},
    {"look at the clock's discipline", [] { timex how{}; return Try(__NR_adjtimex, &how); }},
    {"lock memory", [] { static char bytes[1]; const int result = Try(__NR_mlock, bytes, 1); if (result == 0) syscall(__NR_munlock, bytes, 1); return result; }},
    {"shared memory by a key", [] { const long id = syscall(__NR_shmget, IPC_PRIVATE, 4096, 0600); if (id < 0) return errno; syscall(__NR_shmctl, id, 0 /* IPC_RMID */, nullptr); return 0; }},
    {"a queue of messages", [] { const long id = syscall(__NR_msgget, IPC_PRIVATE, 0600); if (id < 0) return errno; syscall(__NR_msgctl, id, 0 /* IPC_RMID */, nullptr); return 0; }},
    {"another personality", [] { return Try(__NR_personality, 0xffffffff); }},
    {"copy between descriptors", [] { int pipes[2]; if (pipe2(pipes, 0) != 0) { iovec from{kByte, 1}; return Try(__NR_vmsplice, targets.socket, &from, 1, 0); } iovec from{kByte, 1}; const int result = Try(__NR_vmsplice, pipes[1], &from, 1, 0); close(pipes[0]); close(pipes[1]); return result; }},
};
const size_t kAttemptCount = sizeof kAttempts / sizeof *kAttempts;

const Attempt kDeadly[] = {
    {"load a module", [] { return Try(__NR_init_module, nullptr, 0, ""); }},
    {"load another kernel", [] { return Try(__NR_kexec_load, 0, 0, nullptr, 0xffffffff); }},
    // Without the magic numbers it does nothing.
    {"restart the machine", [] { return Try(__NR_reboot, 0, 0, 0, nullptr); }},
    {"swap to a file", [] { return Try(__NR_swapon, "", 0); }},
    {"another root", [] { return Try(__NR_pivot_root, "", ""); }},
#if defined(__x86_64__)
    {"a call of x32", [] { return Try(__NR_getpid | 0x40000000); }},
    {"a call of 32 bits", [] { long answer = 20; asm volatile("int $0x80" : "+a"(answer)::"memory"); return answer < 0 ? static_cast<int>(-answer) : 0; }},
#endif
};
// clang-format on
const size_t kDeadlyCount = sizeof kDeadly / sizeof *kDeadly;

}  // namespace attempts
