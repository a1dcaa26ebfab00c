#include "system/shared_memory.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

// Newer than the headers of the oldest system that this is built on.
#ifndef MFD_NOEXEC_SEAL
#define MFD_NOEXEC_SEAL 0x0008U
#endif
#ifndef MADV_POPULATE_READ
#define MADV_POPULATE_READ 22
#endif
#ifndef MADV_POPULATE_WRITE
#define MADV_POPULATE_WRITE 23
#endif

namespace dcp {

namespace {

constexpr int kLengthSeals = F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL;

int CreateFile(const char* name) {
  // Not even by its descriptor can it be run as a program. Linux before 6.3 does not know that.
  const int fd = memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING | MFD_NOEXEC_SEAL);
  if (fd >= 0 || errno != EINVAL) return fd;
  return memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING);
}

// Of a file whose length is known: fewer bytes at once are no end.
template <typename Byte, typename Move>
int MoveAll(Move move, int fd, Byte* data, size_t size, uint64_t offset) {
  while (size > 0) {
    const ssize_t moved = move(fd, data, size, static_cast<off_t>(offset));
    if (moved < 0 && errno == EINTR) continue;
    if (moved <= 0) return moved == 0 ? EFAULT : errno;
    data += moved;
    offset += static_cast<uint64_t>(moved);
    size -= static_cast<size_t>(moved);
  }
  return 0;
}

}  // namespace

SharedMemory::~SharedMemory() {
  if (data_ != nullptr) munmap(data_, size_);
  CloseDescriptor();
}

int SharedMemory::Create(const char* name, uint64_t bytes, bool writable) {
  // Beyond that limit the kernel would end this process by a signal.
  rlimit limit{};
  if (getrlimit(RLIMIT_FSIZE, &limit) == 0 && limit.rlim_cur < bytes) return EFBIG;
  fd_ = CreateFile(name);
  if (fd_ < 0) return errno;
  if (ftruncate(fd_, static_cast<off_t>(bytes)) != 0) return errno;
  if (fcntl(fd_, F_ADD_SEALS, kLengthSeals) != 0) return errno;
  size_ = bytes;
  return Map(writable);
}

int SharedMemory::Open(int fd, uint64_t bytes) {
  fd_ = fd;
  size_ = bytes;
  const int seals = fcntl(fd, F_GET_SEALS);
  int error = 0;
  if (seals < 0) {
    error = errno;
  } else if ((seals & kLengthSeals) != kLengthSeals) {
    error = EINVAL;
  } else {
    error = Map(true);
  }
  CloseDescriptor();
  return error;
}

int SharedMemory::Map(bool writable) {
  writable_ = writable;
  const int protection = writable ? PROT_READ | PROT_WRITE : PROT_READ;
  void* mapped = mmap(nullptr, size_, protection, MAP_SHARED | MAP_NORESERVE, fd_, 0);
  if (mapped == MAP_FAILED) return errno;
  data_ = static_cast<uint8_t*>(mapped);
  // Large, and of no use to whoever looks into what is left of a process.
  madvise(data_, size_, MADV_DONTDUMP);
  return 0;
}

int SharedMemory::Write(uint64_t offset, const void* data, size_t size) const {
  return MoveAll(pwrite, fd_, static_cast<const char*>(data), size, offset);
}

int SharedMemory::Read(uint64_t offset, void* data, size_t size) const {
  return MoveAll(pread, fd_, static_cast<char*>(data), size, offset);
}

void SharedMemory::Populate(uint64_t offset, uint64_t size) const {
  // Where the kernel cannot (before 5.14), each page has its own fault, later.
  madvise(data_ + offset, size, writable_ ? MADV_POPULATE_WRITE : MADV_POPULATE_READ);
}

void SharedMemory::Discard(uint64_t offset, uint64_t size) const {
  const int punched = fd_ >= 0 ? fallocate(fd_, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE,
                                           static_cast<off_t>(offset), static_cast<off_t>(size))
                               : madvise(data_ + offset, size, MADV_REMOVE);
  if (punched != 0) std::memset(data_ + offset, 0, size);
}

uint64_t SharedMemory::UsedBytes() const {
  struct stat status {};
  if (fd_ < 0 || fstat(fd_, &status) != 0) return 0;
  return static_cast<uint64_t>(status.st_blocks) * 512;
}

void SharedMemory::CloseDescriptor() {
  if (fd_ >= 0) close(fd_);
  fd_ = -1;
}

}  // namespace dcp
