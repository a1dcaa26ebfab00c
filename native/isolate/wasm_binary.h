// Public to native/: the binary format of WebAssembly modules, as far as limits look into it.
// https://webassembly.github.io/spec/core/binary/modules.html
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace dcp {

// Reads the binary format; once something is not there, nothing is.
class WasmReader {
 public:
  WasmReader(const uint8_t* at, const uint8_t* end) : at_(at), end_(end) {}

  bool ok() const { return ok_; }
  bool AtEnd() const { return at_ == end_; }
  const uint8_t* at() const { return at_; }

  uint8_t Byte() {
    if (at_ == end_) return Fail();
    return *at_++;
  }

  // An unsigned LEB128 number of at most `bits` bits, in as many bytes as that takes at most.
  uint64_t Number(unsigned bits) {
    uint64_t value = 0;
    for (unsigned shift = 0; shift < bits; shift += 7) {
      const uint8_t byte = Byte();
      if (!ok_) return 0;
      if (bits - shift < 7 && (byte >> (bits - shift)) != 0) return Fail();
      value |= static_cast<uint64_t>(byte & 0x7f) << shift;
      if ((byte & 0x80) == 0) return value;
    }
    return Fail();
  }

  WasmReader Take(uint64_t size) {
    if (size > static_cast<uint64_t>(end_ - at_)) {
      Fail();
      return {end_, end_};
    }
    WasmReader part(at_, at_ + size);
    at_ += size;
    return part;
  }

 private:
  uint8_t Fail() {
    ok_ = false;
    at_ = end_;
    return 0;
  }

  const uint8_t* at_;
  const uint8_t* end_;
  bool ok_ = true;
};

// They begin like a module.
bool IsWasm(std::span<const uint8_t> module);
// Its sections: each an id (a byte), a size (32 bits) and as many bytes.
WasmReader WasmSections(std::span<const uint8_t> module);

// How many memories a module of these bytes defines; imported ones not counted.
uint32_t DefinedMemories(std::span<const uint8_t> module);

// What V8 takes for any module beside what its bytes make necessary.
inline constexpr size_t kWasmModuleBytes = size_t{17} << 10;

// About as much as V8 takes for a module of these bytes once all of it is compiled. V8 compiles a
// function when it is first called, and says of no module how large it is.
size_t CompiledWasmBytes(std::span<const uint8_t> module);

}  // namespace dcp
