// Public: memory that two processes have at the same time, as a file of the kernel's without a name
// in any directory.
#pragma once

#include <cstddef>
#include <cstdint>

namespace dcp {

// A memory file of a fixed length and this process's view of it. Its pages come when they are
// written to, and go by Discard(). The kernel holds the length (F_SEAL_SHRINK, F_SEAL_GROW): a
// page of it can be empty, never missing, so that no access ends the process. Errors are numbers of
// errno; 0 is none. Of its methods only const ones may run at the same time on several threads.
class SharedMemory {
 public:
  SharedMemory() = default;
  ~SharedMemory();
  SharedMemory(const SharedMemory&) = delete;
  SharedMemory& operator=(const SharedMemory&) = delete;

  // Makes the file and maps it. The descriptor is not inherited unless somebody hands it on. EFBIG:
  // no file of ours may have so many bytes (RLIMIT_FSIZE). `writable` is about the view, not the
  // descriptor.
  int Create(const char* name, uint64_t bytes, bool writable);
  // Maps so many bytes of a file that was made by another process, and closes the descriptor,
  // whatever happens. EINVAL: it is no memory file whose length is fixed. Asks the kernel for no
  // more than an evaluator may that has taken a filter of calls.
  int Open(int fd, uint64_t bytes);

  // Copy to and from the file and not through the view. Where the view has not met the pages yet
  // that takes half the time, and of pages that are not there a read makes none.
  int Write(uint64_t offset, const void* data, size_t size) const;
  int Read(uint64_t offset, void* data, size_t size) const;
  // The view meets all pages of the range at once.
  void Populate(uint64_t offset, uint64_t size) const;
  // Gives the pages back; they read as zeros from now on. For a view that can be written to.
  void Discard(uint64_t offset, uint64_t size) const;
  // What its pages take.
  uint64_t UsedBytes() const;

  uint8_t* data() const { return data_; }
  uint64_t size() const { return size_; }
  // -1: none, or no longer.
  int descriptor() const { return fd_; }
  void CloseDescriptor();

 private:
  int Map(bool writable);

  int fd_ = -1;
  uint8_t* data_ = nullptr;
  uint64_t size_ = 0;
  bool writable_ = false;
};

}  // namespace dcp
