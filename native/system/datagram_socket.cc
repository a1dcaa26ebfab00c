#include "system/datagram_socket.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace dcp {

namespace {

// What messages of one socket may take in the kernel before their reader has them; the kernel may
// grant less.
constexpr int kSocketBytes = 8 << 20;

constexpr int kSeals = F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE | F_SEAL_SEAL;

// Owns a descriptor.
class Descriptor {
 public:
  explicit Descriptor(int fd) : fd_(fd) {}
  ~Descriptor() {
    if (fd_ >= 0) close(fd_);
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  int get() const { return fd_; }

 private:
  int fd_;
};

int WriteAll(int fd, const char* data, size_t size) {
  while (size > 0) {
    const ssize_t written = write(fd, data, size);
    if (written < 0) {
      if (errno == EINTR) continue;
      return errno;
    }
    data += written;
    size -= static_cast<size_t>(written);
  }
  return 0;
}

}  // namespace

DatagramSocket::~DatagramSocket() { Close(); }

int DatagramSocket::Connect(const std::string& address) {
  Close();
  sockaddr_un name{};
  name.sun_family = AF_UNIX;
  // The abstract name has no terminating zero, a path has one.
  if (address.empty()) return EINVAL;
  if (address.size() >= sizeof name.sun_path) return ENAMETOOLONG;
  std::memcpy(name.sun_path, address.data(), address.size());
  const bool abstract = address.front() == '@';
  if (abstract) name.sun_path[0] = '\0';
  const auto length =
      static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + address.size() + (abstract ? 0 : 1));

  fd_ = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (fd_ < 0) return errno;
  setsockopt(fd_, SOL_SOCKET, SO_SNDBUF, &kSocketBytes, sizeof kSocketBytes);
  if (connect(fd_, reinterpret_cast<const sockaddr*>(&name), length) == 0) return 0;
  const int error = errno;
  Close();
  return error;
}

int DatagramSocket::Send(const void* data, size_t size) {
  while (send(fd_, data, size, MSG_NOSIGNAL) < 0) {
    if (errno != EINTR) return errno;
  }
  return 0;
}

int DatagramSocket::SendSealed(const void* data, size_t size) {
  const Descriptor file(memfd_create("dcp-message", MFD_CLOEXEC | MFD_ALLOW_SEALING));
  if (file.get() < 0) return errno;
  if (const int error = WriteAll(file.get(), static_cast<const char*>(data), size)) return error;
  if (fcntl(file.get(), F_ADD_SEALS, kSeals) != 0) return errno;

  alignas(cmsghdr) char control[CMSG_SPACE(sizeof(int))] = {};
  msghdr message{};
  message.msg_control = control;
  message.msg_controllen = sizeof control;
  cmsghdr* header = CMSG_FIRSTHDR(&message);
  header->cmsg_level = SOL_SOCKET;
  header->cmsg_type = SCM_RIGHTS;
  header->cmsg_len = CMSG_LEN(sizeof(int));
  const int fd = file.get();
  std::memcpy(CMSG_DATA(header), &fd, sizeof fd);
  while (sendmsg(fd_, &message, MSG_NOSIGNAL) < 0) {
    if (errno != EINTR) return errno;
  }
  return 0;
}

int DatagramSocket::WaitWritable(int timeout_ms) {
  pollfd waited{fd_, POLLOUT, 0};
  const int ready = poll(&waited, 1, timeout_ms);
  if (ready < 0) return errno;
  return ready == 0 ? ETIMEDOUT : 0;
}

void DatagramSocket::Close() {
  if (fd_ >= 0) close(fd_);
  fd_ = -1;
}

}  // namespace dcp
