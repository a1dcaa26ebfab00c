// Public: a client of a UNIX datagram socket, as the system's log and systemd have them. Node has
// none.
#pragma once

#include <cstddef>
#include <string>

namespace dcp {

// Sends messages to one peer and never waits. Errors are numbers of errno; 0 is none. Not for
// several threads at a time.
class DatagramSocket {
 public:
  DatagramSocket() = default;
  ~DatagramSocket();
  DatagramSocket(const DatagramSocket&) = delete;
  DatagramSocket& operator=(const DatagramSocket&) = delete;

  // Opens it and names the peer: a path, or a name in the abstract namespace behind `@`. 107 bytes
  // at most, else ENAMETOOLONG. Closes what was open before.
  int Connect(const std::string& address);

  // One message. EAGAIN: the peer has not read what it was sent; EMSGSIZE: longer than this socket
  // takes.
  int Send(const void* data, size_t size);

  // One message of any length as a sealed memory file, which the peer gets instead of bytes: what
  // journald's protocol has for long ones (https://systemd.io/JOURNAL_NATIVE_PROTOCOL/).
  int SendSealed(const void* data, size_t size);

  // Waits until the peer takes a message, for at most `timeout_ms`. ETIMEDOUT: it did not.
  int WaitWritable(int timeout_ms);

  void Close();

 private:
  int fd_ = -1;
};

}  // namespace dcp
