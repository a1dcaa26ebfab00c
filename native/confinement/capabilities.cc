#include <linux/capability.h>
#include <linux/securebits.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "confinement/layers.h"

namespace dcp::confinement {

namespace {

constexpr int kMostCapabilities = 64;
constexpr unsigned long kNoRightsForRoot =
    SECBIT_NOROOT | SECBIT_NOROOT_LOCKED | SECBIT_NO_SETUID_FIXUP | SECBIT_NO_SETUID_FIXUP_LOCKED |
    SECBIT_KEEP_CAPS_LOCKED | SECBIT_NO_CAP_AMBIENT_RAISE | SECBIT_NO_CAP_AMBIENT_RAISE_LOCKED;

bool HasNone() {
  __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
  __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3]{};
  if (syscall(SYS_capget, &header, data) != 0) return false;
  for (const auto& part : data) {
    if ((part.effective | part.permitted | part.inheritable) != 0) return false;
  }
  return true;
}

}  // namespace

LayerState DropCapabilities() {
  // These need a right themselves. Who has none cannot, and need not: no program gives back what is
  // not there, and new privileges are forbidden.
  for (int capability = 0; capability < kMostCapabilities; capability++)
    prctl(PR_CAPBSET_DROP, capability, 0, 0, 0);
  prctl(PR_SET_SECUREBITS, kNoRightsForRoot, 0, 0, 0);
  prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
  __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
  const __user_cap_data_struct none[_LINUX_CAPABILITY_U32S_3]{};
  const bool is_set = syscall(SYS_capset, &header, none) == 0;
  if (is_set || HasNone()) return On();
  return MissingBySystem("capset");
}

}  // namespace dcp::confinement
