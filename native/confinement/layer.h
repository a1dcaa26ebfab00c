// Internal: what each layer of the confinement answers.
#pragma once

#include <cerrno>
#include <cstring>
#include <string>
#include <utility>

namespace dcp::confinement {

// What a layer came to. `why` is a sentence for people; empty when the layer is on.
struct LayerState {
  enum class Kind { kOn, kOff, kMissing };
  Kind kind = Kind::kOff;
  std::string why;
};

inline LayerState On() { return {LayerState::Kind::kOn, {}}; }
// Nobody asked for it.
inline LayerState Off(std::string why) { return {LayerState::Kind::kOff, std::move(why)}; }
// It was asked for and is not there.
inline LayerState Missing(std::string why) { return {LayerState::Kind::kMissing, std::move(why)}; }

// `what: Operation not permitted`, by errno.
inline std::string SystemError(const std::string& what) {
  return what + ": " + strerrordesc_np(errno);
}
inline LayerState MissingBySystem(const std::string& what) { return Missing(SystemError(what)); }

}  // namespace dcp::confinement
