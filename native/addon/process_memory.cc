#include "addon/process_memory.h"

#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <system_error>

namespace dcp {

namespace {

// Room for what is written at once without waiting for the reader; the kernel may grant less.
constexpr int kSocketBytes = 1 << 20;

struct View {
  explicit View(Napi::Value value) {
    auto array = value.As<Napi::TypedArray>();
    data = static_cast<char*>(array.ArrayBuffer().Data()) + array.ByteOffset();
    size = array.ByteLength();
  }
  char* data;
  size_t size;
};

Napi::Value SocketPair(const Napi::CallbackInfo& info) {
  Napi::Env env = info.Env();
  int fds[2];
  if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds) != 0) {
    Napi::Error::New(env, "socketpair: " + std::system_category().message(errno))
        .ThrowAsJavaScriptException();
    return env.Undefined();
  }
  for (int fd : fds) {
    setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &kSocketBytes, sizeof kSocketBytes);
  }
  Napi::Array pair = Napi::Array::New(env, 2);
  pair.Set(0u, fds[0]);
  pair.Set(1u, fds[1]);
  return pair;
}

void CloseDescriptor(const Napi::CallbackInfo& info) {
  close(info[0].As<Napi::Number>().Int32Value());
}

using Copy = ssize_t (*)(pid_t, const iovec*, unsigned long, const iovec*, unsigned long,
                         unsigned long);

template <Copy copy>
Napi::Value CopyMemory(const Napi::CallbackInfo& info) {
  const pid_t pid = info[0].As<Napi::Number>().Int32Value();
  auto address = static_cast<uintptr_t>(info[1].As<Napi::Number>().Int64Value());
  View view(info[2]);
  int error = 0;
  // One call moves 2 GiB at most.
  while (view.size > 0 && error == 0) {
    const iovec local{view.data, view.size};
    const iovec remote{reinterpret_cast<void*>(address), view.size};  // NOLINT
    const ssize_t moved = copy(pid, &local, 1, &remote, 1, 0);
    if (moved > 0) {
      view.data += moved;
      view.size -= static_cast<size_t>(moved);
      address += static_cast<uintptr_t>(moved);
    } else {
      error = moved == 0 ? EFAULT : errno;
    }
  }
  return Napi::Number::New(info.Env(), error);
}

}  // namespace

void DefineProcessMemory(Napi::Env env, Napi::Object exports) {
  exports["socketPair"] = Napi::Function::New<SocketPair>(env, "socketPair");
  exports["closeDescriptor"] = Napi::Function::New<CloseDescriptor>(env, "closeDescriptor");
  exports["readMemory"] = Napi::Function::New<CopyMemory<process_vm_readv>>(env, "readMemory");
  exports["writeMemory"] = Napi::Function::New<CopyMemory<process_vm_writev>>(env, "writeMemory");
}

}  // namespace dcp
