#include "addon/descriptors.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <string>
#include <system_error>
#include <vector>

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

std::vector<std::string> Texts(const Napi::Value& value) {
  const auto array = value.As<Napi::Array>();
  std::vector<std::string> texts;
  for (uint32_t index = 0; index < array.Length(); index++)
    texts.push_back(array.Get(index).As<Napi::String>().Utf8Value());
  return texts;
}

std::vector<char*> PointersTo(std::vector<std::string>& texts) {
  std::vector<char*> pointers;
  pointers.reserve(texts.size() + 1);
  for (std::string& text : texts) pointers.push_back(text.data());
  pointers.push_back(nullptr);
  return pointers;
}

void Become(const Napi::CallbackInfo& info) {
  std::vector<std::string> words = Texts(info[0]);
  std::vector<std::string> variables = Texts(info[1]);
  // Node has marked those as well.
  for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++) fcntl(fd, F_SETFD, 0);
  const auto kept = info[2].As<Napi::Array>();
  for (uint32_t index = 0; index < kept.Length(); index++)
    fcntl(kept.Get(index).As<Napi::Number>().Int32Value(), F_SETFD, 0);
  const std::vector<char*> arguments = PointersTo(words);
  const std::vector<char*> environment = PointersTo(variables);
  execve(arguments[0], arguments.data(), environment.data());
  Napi::Error::New(info.Env(), words[0] + ": " + std::system_category().message(errno))
      .ThrowAsJavaScriptException();
}

void CloseDescriptor(const Napi::CallbackInfo& info) {
  close(info[0].As<Napi::Number>().Int32Value());
}

// What goes with a descriptor, so that it goes at all: the number of the connection.
struct Handover {
  explicit Handover(uint32_t of) : number(of) {
    message.msg_iov = &bytes;
    message.msg_iovlen = 1;
    message.msg_control = control;
    message.msg_controllen = sizeof control;
  }
  Handover(const Handover&) = delete;

  uint32_t number;
  iovec bytes{&number, sizeof number};
  alignas(cmsghdr) char control[CMSG_SPACE(sizeof(int))] = {};
  msghdr message{};
};

Napi::Value SendSocket(const Napi::CallbackInfo& info) {
  Handover handover(info[2].As<Napi::Number>().Uint32Value());
  const int handed = info[1].As<Napi::Number>().Int32Value();
  cmsghdr* const rights = CMSG_FIRSTHDR(&handover.message);
  rights->cmsg_level = SOL_SOCKET;
  rights->cmsg_type = SCM_RIGHTS;
  rights->cmsg_len = CMSG_LEN(sizeof handed);
  std::memcpy(CMSG_DATA(rights), &handed, sizeof handed);
  const int channel = info[0].As<Napi::Number>().Int32Value();
  const ssize_t sent = sendmsg(channel, &handover.message, MSG_DONTWAIT | MSG_NOSIGNAL);
  return Napi::Boolean::New(info.Env(), sent == sizeof handover.number);
}

Napi::Value ReceiveSocket(const Napi::CallbackInfo& info) {
  Handover handover(0);
  const int channel = info[0].As<Napi::Number>().Int32Value();
  const ssize_t received = recvmsg(channel, &handover.message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
  if (received != sizeof handover.number) return info.Env().Null();
  // Without one where this process may have no more.
  int handed = -1;
  const cmsghdr* const rights = CMSG_FIRSTHDR(&handover.message);
  if (rights != nullptr && rights->cmsg_type == SCM_RIGHTS)
    std::memcpy(&handed, CMSG_DATA(rights), sizeof handed);
  Napi::Array pair = Napi::Array::New(info.Env(), 2);
  pair.Set(0u, handover.number);
  pair.Set(1u, handed);
  return pair;
}

Napi::Value HaveLeft(const Napi::CallbackInfo& info) {
  const auto sockets = info[0].As<Napi::Array>();
  std::vector<pollfd> asked;
  for (uint32_t index = 0; index < sockets.Length(); index++)
    asked.push_back({sockets.Get(index).As<Napi::Number>().Int32Value(), POLLRDHUP, 0});
  poll(asked.data(), asked.size(), 0);
  const auto left = Napi::Array::New(info.Env(), asked.size());
  for (uint32_t index = 0; index < asked.size(); index++)
    left.Set(index, Napi::Boolean::New(info.Env(), asked[index].revents != 0));
  return left;
}

Napi::Value HasReader(const Napi::CallbackInfo& info) {
  // Asked for nothing, it tells of hang-ups and errors alone.
  pollfd asked{info[0].As<Napi::Number>().Int32Value(), 0, 0};
  poll(&asked, 1, 0);
  return Napi::Boolean::New(info.Env(), asked.revents == 0);
}

}  // namespace

void DefineDescriptors(Napi::Env env, Napi::Object exports) {
  exports["socketPair"] = Napi::Function::New<SocketPair>(env, "socketPair");
  exports["sendSocket"] = Napi::Function::New<SendSocket>(env, "sendSocket");
  exports["receiveSocket"] = Napi::Function::New<ReceiveSocket>(env, "receiveSocket");
  exports["haveLeft"] = Napi::Function::New<HaveLeft>(env, "haveLeft");
  exports["hasReader"] = Napi::Function::New<HasReader>(env, "hasReader");
  exports["become"] = Napi::Function::New<Become>(env, "become");
  exports["closeDescriptor"] = Napi::Function::New<CloseDescriptor>(env, "closeDescriptor");
}

}  // namespace dcp
