#include "confinement/seccomp_program.h"

#include <linux/audit.h>
#include <linux/seccomp.h>

#include <cerrno>
#include <cstddef>
#include <utility>

#include "confinement/allowed_calls.h"

namespace dcp::confinement {

namespace {

#if defined(__x86_64__)
constexpr uint32_t kArchitecture = AUDIT_ARCH_X86_64;
// Numbers from here on are those of x32, the same calls with other arguments.
constexpr uint32_t kX32 = 0x40000000;
#elif defined(__aarch64__)
constexpr uint32_t kArchitecture = AUDIT_ARCH_AARCH64;
#else
#error "the table of calls has been looked at for x86-64 and arm64"
#endif

constexpr uint32_t kRefuse = SECCOMP_RET_ERRNO | EPERM;
constexpr uint32_t kMissing = SECCOMP_RET_ERRNO | ENOSYS;

using Instructions = std::vector<sock_filter>;

void Append(Instructions& to, const Instructions& more) {
  to.insert(to.end(), more.begin(), more.end());
}

sock_filter Statement(unsigned code, uint32_t operand) {
  return {static_cast<uint16_t>(code), 0, 0, operand};
}

sock_filter Load(size_t offset) {
  return Statement(BPF_LD | BPF_W | BPF_ABS, static_cast<uint32_t>(offset));
}

sock_filter Return(uint32_t answer) { return Statement(BPF_RET | BPF_K, answer); }

// Goes on behind so many instructions when it does not hold.
sock_filter UnlessEqual(uint32_t value, size_t skipped) {
  return {BPF_JMP | BPF_JEQ | BPF_K, 0, static_cast<uint8_t>(skipped), value};
}

// Compares one half of an argument; what follows runs when it is one of the values, and `skipped`
// instructions behind it are left out when it is not.
Instructions HalfIsOneOf(size_t offset, uint32_t mask, const std::vector<uint32_t>& values,
                         size_t skipped) {
  Instructions made{Load(offset)};
  if (mask != 0xffffffff) made.push_back(Statement(BPF_ALU | BPF_AND | BPF_K, mask));
  for (size_t index = 0; index < values.size(); index++) {
    const size_t behind = values.size() - index - 1;
    const auto found = static_cast<uint8_t>(behind);
    const auto missed = static_cast<uint8_t>(behind == 0 ? skipped : 0);
    made.push_back({BPF_JMP | BPF_JEQ | BPF_K, found, missed, values[index]});
  }
  return made;
}

// Little-endian, as both architectures are.
size_t LowHalf(unsigned argument) {
  return offsetof(seccomp_data, args) + argument * sizeof(uint64_t);
}

// Allows the call when all conditions hold; goes on behind these instructions when one does not.
Instructions AllowIf(const Case& conditions) {
  Instructions made{Return(SECCOMP_RET_ALLOW)};
  for (auto condition = conditions.rbegin(); condition != conditions.rend(); ++condition) {
    const auto& [argument, mask, values] = *condition;
    std::vector<uint32_t> low;
    for (const uint64_t value : values) low.push_back(static_cast<uint32_t>(value));
    Instructions checked =
        HalfIsOneOf(LowHalf(argument), static_cast<uint32_t>(mask), low, made.size());
    Append(checked, made);
    const auto high_mask = static_cast<uint32_t>(mask >> 32U);
    if (high_mask != 0) {
      const auto high = static_cast<uint32_t>(values.front() >> 32U);
      Instructions both =
          HalfIsOneOf(LowHalf(argument) + sizeof(uint32_t), high_mask, {high}, checked.size());
      Append(both, checked);
      checked = std::move(both);
    }
    made = std::move(checked);
  }
  return made;
}

}  // namespace

std::vector<sock_filter> SeccompProgram(unsigned profiles, pid_t self) {
  Instructions program{Load(offsetof(seccomp_data, arch)),
                       {BPF_JMP | BPF_JEQ | BPF_K, 1, 0, kArchitecture},
                       Return(SECCOMP_RET_KILL_PROCESS),
                       Load(offsetof(seccomp_data, nr))};
#if defined(__x86_64__)
  program.push_back({BPF_JMP | BPF_JGE | BPF_K, 0, 1, kX32});
  program.push_back(Return(SECCOMP_RET_KILL_PROCESS));
#endif
  const auto answer = [&program](int number, uint32_t with) {
    program.push_back(UnlessEqual(static_cast<uint32_t>(number), 1));
    program.push_back(Return(with));
  };
  for (const AllowedCall& call : AllowedCalls(profiles, self)) {
    if (call.cases.empty()) {
      answer(call.number, SECCOMP_RET_ALLOW);
      continue;
    }
    Instructions cases;
    for (const Case& one : call.cases) Append(cases, AllowIf(one));
    // The argument is where the number was, and the same call may come again further down.
    cases.push_back(Load(offsetof(seccomp_data, nr)));
    program.push_back(UnlessEqual(static_cast<uint32_t>(call.number), cases.size()));
    Append(program, cases);
  }
  for (const RefusedCall& call : MissingCalls()) answer(call.number, kMissing);
  for (const RefusedCall& call : DeadlyCalls()) answer(call.number, SECCOMP_RET_KILL_PROCESS);
  program.push_back(Return(kRefuse));
  return program;
}

}  // namespace dcp::confinement
