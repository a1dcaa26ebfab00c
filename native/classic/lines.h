// Internal to native/classic: lines out of chunks of bytes, and lines that wait to be read.
#pragma once

#include <v8.h>

#include <atomic>
#include <condition_variable>
#include <cstddef>
#include <deque>
#include <functional>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "sandbox/slice_io.h"

namespace dcp {

// A line in parts, none of them empty.
struct Line {
  std::vector<std::string_view> parts;
  size_t bytes = 0;
};

// What comes from the peer: chunks, cut anywhere, become lines. Put() on any thread, the others on
// the executing one.
class LineInput {
 public:
  // Answers whether so much waits that no more should come for now.
  bool Put(Bytes chunk);
  // Nothing comes any more.
  void End();

  // The next line with its end, in as many parts as it lay in chunks. Null: there is none yet.
  // Until the next call.
  const Line* Next();
  // What came and is no whole line yet.
  size_t incomplete_bytes() const { return incomplete_; }
  // Answers once that Put() may be called again after it said otherwise.
  bool TakeRoom();
  // Nothing comes any more; all lines are done with, too.
  bool HasEnded();
  bool IsAtEnd();

 private:
  // Takes what was put. Answers whether there was anything.
  bool Fetch();

  std::mutex mutex_;
  std::deque<Bytes> put_;
  size_t put_bytes_ = 0;
  bool full_ = false;
  bool room_ = false;
  bool ended_ = false;

  // Of the executing thread: chunks of which the first is read up to `at_`, the last looked through
  // for a line's end up to `looked_`.
  std::deque<Bytes> chunks_;
  size_t at_ = 0;
  size_t looked_ = 0;
  size_t incomplete_ = 0;
  // The last line. Its chunks but the last go at the next call; that one is then read up to
  // `past_`.
  Line line_;
  size_t past_ = 0;
};

// What a Sandbox has written and the host has not sent. Add() and Wait() on the executing thread,
// the others on any.
class LineOutput {
 public:
  // Bytes of whole lines. Answers whether the host must be told.
  bool Add(Bytes lines);
  // Everything there is. The host says Release() when it has sent it.
  std::vector<Bytes> Take();
  // Answers whether that ends a wait of the Sandbox's: it was full until now.
  bool Release(size_t bytes);

  // The host holds so much that no line is read and no timer fires.
  bool IsFull() const { return held_.load() >= kFullBytes; }
  // So much that whoever writes waits.
  bool IsFlooded() const { return held_.load() >= kFloodedBytes; }
  // Waits until it is not flooded any more, or a moment has passed.
  void Wait();
  // Bytes that have been sent so far.
  size_t sent() const { return sent_.load(); }

 private:
  static constexpr size_t kFullBytes = size_t{16} << 20;
  static constexpr size_t kFloodedBytes = size_t{32} << 20;

  bool Tell();

  std::mutex mutex_;
  std::condition_variable released_;
  std::vector<Bytes> whole_;
  // Short lines, until they are taken.
  std::string tail_;
  bool told_ = false;
  std::atomic<size_t> held_{0};
  std::atomic<size_t> sent_{0};
};

}  // namespace dcp
