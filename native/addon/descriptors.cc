#include "addon/descriptors.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>

namespace dcp {

namespace {

// Room for what is written at once without waiting for the reader; the kernel may grant less.
constexpr int kSocketBytes = 1 << 20;

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
  // The other one is a program's, which may have it as it likes.
  fcntl(fds[0], F_SETFL, O_NONBLOCK);
  Napi::Array pair = Napi::Array::New(env, 2);
  pair.Set(0u, fds[0]);
  pair.Set(1u, fds[1]);
  return pair;
}

void CloseDescriptor(const Napi::CallbackInfo& info) {
  close(info[0].As<Napi::Number>().Int32Value());
}

}  // namespace

void DefineDescriptors(Napi::Env env, Napi::Object exports) {
  exports["socketPair"] = Napi::Function::New<SocketPair>(env, "socketPair");
  exports["closeDescriptor"] = Napi::Function::New<CloseDescriptor>(env, "closeDescriptor");
}

}  // namespace dcp
