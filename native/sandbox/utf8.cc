#include "sandbox/utf8.h"

#include <algorithm>
#include <cstring>

namespace dcp {

namespace {

// What the Unicode Standard's table 3-7 says of a sequence's first byte.
struct Lead {
  // Bytes of the sequence; 0: no sequence begins so.
  size_t size;
  // The range of its second byte; any further one is 80..BF.
  uint8_t least;
  uint8_t most;
};

Lead LeadOf(uint8_t byte) {
  if (byte < 0x80) return {1, 0, 0};
  if (byte < 0xC2) return {0, 0, 0};
  if (byte < 0xE0) return {2, 0x80, 0xBF};
  if (byte == 0xE0) return {3, 0xA0, 0xBF};
  if (byte == 0xED) return {3, 0x80, 0x9F};
  if (byte < 0xF0) return {3, 0x80, 0xBF};
  if (byte == 0xF0) return {4, 0x90, 0xBF};
  if (byte < 0xF4) return {4, 0x80, 0xBF};
  if (byte == 0xF4) return {4, 0x80, 0x8F};
  return {0, 0, 0};
}

// Whether the bytes after the first, as far as they are there, fit it.
bool Continues(const Lead& lead, std::span<const uint8_t> sequence) {
  for (size_t index = 1; index < std::min(lead.size, sequence.size()); index++) {
    const uint8_t least = index == 1 ? lead.least : 0x80;
    const uint8_t most = index == 1 ? lead.most : 0xBF;
    if (sequence[index] < least || sequence[index] > most) return false;
  }
  return true;
}

// How many bytes from the start are ASCII, at least; looked at eight at a time.
size_t AsciiPrefix(std::span<const uint8_t> bytes) {
  size_t at = 0;
  for (uint64_t word; bytes.size() - at >= sizeof word; at += sizeof word) {
    std::memcpy(&word, bytes.data() + at, sizeof word);
    if ((word & 0x8080808080808080) != 0) break;
  }
  return at;
}

}  // namespace

bool IsValidUtf8(std::span<const uint8_t> bytes) {
  while (!bytes.empty()) {
    bytes = bytes.subspan(AsciiPrefix(bytes));
    if (bytes.empty()) return true;
    const Lead lead = LeadOf(bytes[0]);
    if (lead.size == 0 || lead.size > bytes.size() || !Continues(lead, bytes)) return false;
    bytes = bytes.subspan(lead.size);
  }
  return true;
}

size_t IncompleteUtf8Tail(std::span<const uint8_t> bytes) {
  for (size_t size = 1; size <= std::min<size_t>(3, bytes.size()); size++) {
    const auto tail = bytes.last(size);
    // A continuation byte: the sequence began before.
    if ((tail[0] & 0xC0) == 0x80) continue;
    const Lead lead = LeadOf(tail[0]);
    return lead.size > size && Continues(lead, tail) ? size : 0;
  }
  return 0;
}

}  // namespace dcp
