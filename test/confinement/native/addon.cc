// What a test puts into a confined evaluator to stand for a broken V8: native calls from any of its
// threads. It is built for tests alone (scripts/build.mjs --test) and is in no package.
//
// configure(host, address, port, socket, schedulerData, workerKey, folder): what there is to be
// attacked registerThread(): remembers the calling thread threads(): the numbers of those that were
// remembered refuseFilters(): the kernel refuses this process any filter of calls from now on
// names(), deadlyNames(): of the attempts
// attempt(where): runs all of them; `where` is `main`, `libuv`, `v8` or a thread's number. Answers
// the number of the thread
//   they ran on and the errno of each, 0 for one that succeeded; null when the thread did not run
//   them
// attemptDeadly(index): one of those that end the process, on this thread. Answers its errno if it
// did not
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <node.h>
#include <node_api.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstddef>
#include <cstring>
#include <mutex>
#include <string>
#include <vector>

#include "attempts.h"
#include "threads.h"

namespace {

using attempts::targets;

std::mutex mutex;
std::vector<int> registered;

int results[256];
int ran_on;

void RunAll() {
  ran_on = static_cast<int>(syscall(__NR_gettid));
  for (size_t index = 0; index < attempts::kAttemptCount; index++)
    results[index] = attempts::kAttempts[index].run();
}

std::vector<napi_value> Arguments(napi_env env, napi_callback_info info) {
  size_t count = 8;
  std::vector<napi_value> values(count);
  napi_get_cb_info(env, info, &count, values.data(), nullptr, nullptr);
  values.resize(count);
  return values;
}

int Number(napi_env env, napi_value value) {
  int32_t number = 0;
  napi_get_value_int32(env, value, &number);
  return number;
}

napi_value Number(napi_env env, int number) {
  napi_value value;
  napi_create_int32(env, number, &value);
  return value;
}

template <typename Item>
napi_value List(napi_env env, size_t count, Item item) {
  napi_value list;
  napi_create_array_with_length(env, count, &list);
  for (size_t index = 0; index < count; index++)
    napi_set_element(env, list, static_cast<uint32_t>(index), item(index));
  return list;
}

napi_value Text(napi_env env, const char* text) {
  napi_value value;
  napi_create_string_utf8(env, text, NAPI_AUTO_LENGTH, &value);
  return value;
}

napi_value Configure(napi_env env, napi_callback_info info) {
  const std::vector<napi_value> values = Arguments(env, info);
  targets.host = Number(env, values[0]);
  int64_t address = 0;
  napi_get_value_int64(env, values[1], &address);
  targets.host_address = static_cast<uint64_t>(address);
  targets.tcp_port = Number(env, values[2]);
  targets.socket = Number(env, values[3]);
  size_t index = 4;
  for (char* const path : {targets.scheduler_data, targets.worker_key, targets.folder})
    napi_get_value_string_utf8(env, values[index++], path, sizeof targets.folder, nullptr);
  return nullptr;
}

napi_value RegisterThread(napi_env, napi_callback_info) {
  const std::lock_guard lock(mutex);
  registered.push_back(static_cast<int>(syscall(__NR_gettid)));
  return nullptr;
}

napi_value RefuseFilters(napi_env, napi_callback_info) {
  sock_filter program[] = {
      {BPF_LD | BPF_W | BPF_ABS, 0, 0, offsetof(seccomp_data, nr)},
      {BPF_JMP | BPF_JEQ | BPF_K, 0, 1, __NR_seccomp},
      {BPF_RET | BPF_K, 0, 0, SECCOMP_RET_ERRNO | EPERM},
      {BPF_RET | BPF_K, 0, 0, SECCOMP_RET_ALLOW},
  };
  const sock_fprog filter{static_cast<unsigned short>(std::size(program)), program};
  prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
  syscall(__NR_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_TSYNC, &filter);
  return nullptr;
}

napi_value Threads(napi_env env, napi_callback_info) {
  const std::lock_guard lock(mutex);
  return List(env, registered.size(), [&](size_t at) { return Number(env, registered[at]); });
}

napi_value Names(napi_env env, napi_callback_info) {
  return List(env, attempts::kAttemptCount,
              [&](size_t at) { return Text(env, attempts::kAttempts[at].name); });
}

napi_value DeadlyNames(napi_env env, napi_callback_info) {
  return List(env, attempts::kDeadlyCount,
              [&](size_t at) { return Text(env, attempts::kDeadly[at].name); });
}

bool RunOn(napi_env env, napi_value where) {
  napi_valuetype type;
  napi_typeof(env, where, &type);
  if (type == napi_number) return attempts::OnThread(Number(env, where), RunAll);
  char name[16];
  napi_get_value_string_utf8(env, where, name, sizeof name, nullptr);
  if (strcmp(name, "libuv") == 0) {
    uv_loop_t* loop = nullptr;
    napi_get_uv_event_loop(env, &loop);
    return attempts::OnLibuvPool(loop, RunAll);
  }
  if (strcmp(name, "v8") == 0) return attempts::OnV8Platform(v8::Isolate::GetCurrent(), RunAll);
  RunAll();
  return true;
}

napi_value AttemptAll(napi_env env, napi_callback_info info) {
  napi_value answer;
  if (!RunOn(env, Arguments(env, info)[0])) {
    napi_get_null(env, &answer);
    return answer;
  }
  napi_create_object(env, &answer);
  napi_set_named_property(env, answer, "thread", Number(env, ran_on));
  napi_set_named_property(env, answer, "errors", List(env, attempts::kAttemptCount, [&](size_t at) {
                            return Number(env, results[at]);
                          }));
  return answer;
}

napi_value AttemptDeadly(napi_env env, napi_callback_info info) {
  const auto index = static_cast<size_t>(Number(env, Arguments(env, info)[0]));
  return Number(env, index < attempts::kDeadlyCount ? attempts::kDeadly[index].run() : -1);
}

napi_value Init(napi_env env, napi_value exports) {
  const napi_property_descriptor functions[] = {
      {"configure", nullptr, Configure, nullptr, nullptr, nullptr, napi_default, nullptr},
      {"registerThread", nullptr, RegisterThread, nullptr, nullptr, nullptr, napi_default, nullptr},
      {"refuseFilters", nullptr, RefuseFilters, nullptr, nullptr, nullptr, napi_default, nullptr},
      {"threads", nullptr, Threads, nullptr, nullptr, nullptr, napi_default, nullptr},
      {"names", nullptr, Names, nullptr, nullptr, nullptr, napi_default, nullptr},
      {"deadlyNames", nullptr, DeadlyNames, nullptr, nullptr, nullptr, napi_default, nullptr},
      {"attempt", nullptr, AttemptAll, nullptr, nullptr, nullptr, napi_default, nullptr},
      {"attemptDeadly", nullptr, AttemptDeadly, nullptr, nullptr, nullptr, napi_default, nullptr},
  };
  static_assert(std::size(results) >= 128);
  napi_define_properties(env, exports, std::size(functions), functions);
  return exports;
}

}  // namespace

NAPI_MODULE(attempts, Init)
