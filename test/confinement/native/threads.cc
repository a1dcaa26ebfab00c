#include "threads.h"

#include <node.h>
#include <semaphore.h>
#include <signal.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>
#include <v8-platform.h>

#include <atomic>
#include <memory>

namespace attempts {

namespace {

constexpr int kSignal = SIGUSR2;
constexpr int kPatienceSeconds = 5;

// One at a time: whoever asks waits.
std::atomic<Work> pending{nullptr};
sem_t done;

void RunPending() {
  const Work work = pending.exchange(nullptr);
  if (work == nullptr) return;
  work();
  sem_post(&done);
}

void OnSignal(int) {
  const int kept = errno;
  RunPending();
  errno = kept;
}

bool Wait() {
  timespec until;
  clock_gettime(CLOCK_REALTIME, &until);
  until.tv_sec += kPatienceSeconds;
  while (sem_timedwait(&done, &until) != 0)
    if (errno != EINTR) return false;
  return true;
}

void Expect(Work work) {
  static const bool prepared = [] {
    sem_init(&done, 0, 0);
    struct sigaction action {};
    action.sa_handler = OnSignal;
    action.sa_flags = SA_RESTART;
    return sigaction(kSignal, &action, nullptr) == 0;
  }();
  if (prepared) pending = work;
}

class PlatformTask final : public v8::Task {
 public:
  void Run() override { RunPending(); }
};

}  // namespace

bool OnLibuvPool(uv_loop_t* loop, Work work) {
  Expect(work);
  auto* const request = new uv_work_t;
  const int refused = uv_queue_work(
      loop, request, [](uv_work_t*) { RunPending(); }, [](uv_work_t* ran, int) { delete ran; });
  return refused == 0 && Wait();
}

bool OnV8Platform(v8::Isolate* isolate, Work work) {
  Expect(work);
  node::Environment* const environment = node::GetCurrentEnvironment(isolate->GetCurrentContext());
  node::GetMultiIsolatePlatform(environment)->CallOnWorkerThread(std::make_unique<PlatformTask>());
  return Wait();
}

bool OnThread(int thread, Work work) {
  Expect(work);
  return syscall(__NR_tgkill, getpid(), thread, kSignal) == 0 && Wait();
}

}  // namespace attempts
