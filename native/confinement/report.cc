#include "confinement/report.h"

#include <algorithm>
#include <cstdio>

namespace dcp::confinement {

namespace {

// A JSON string; null when it is empty. Paths may hold bytes of any kind.
std::string Quoted(const std::string& text) {
  if (text.empty()) return "null";
  std::string quoted = "\"";
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      quoted += '\\';
      quoted += c;
    } else if (byte < 0x20 || byte > 0x7e) {
      char escape[8];
      snprintf(escape, sizeof escape, "\\u%04x", byte);
      quoted += escape;
    } else {
      quoted += c;
    }
  }
  return quoted + "\"";
}

const char* NameOf(LayerState::Kind kind) {
  switch (kind) {
    case LayerState::Kind::kOn:
      return "on";
    case LayerState::Kind::kOff:
      return "off";
    case LayerState::Kind::kMissing:
      return "missing";
  }
  return "";
}

}  // namespace

bool Report::IsComplete() const {
  return std::none_of(states_.begin(), states_.end(), [](const LayerState& state) {
    return state.kind == LayerState::Kind::kMissing;
  });
}

std::string Report::Line(pid_t pid, const std::vector<Profile>& profiles, const std::string& cgroup,
                         const std::string& failure) const {
  std::string line = "{\"pid\":" + std::to_string(pid) + ",\"profiles\":[";
  for (const Profile profile : profiles) {
    if (line.back() != '[') line += ',';
    line += Quoted(confinement::NameOf(profile));
  }
  line += "],\"layers\":[";
  for (size_t i = 0; i < states_.size(); i++) {
    const LayerState& state = states_[i];
    if (i > 0) line += ',';
    line += "{\"name\":" + Quoted(kLayerNames[i]) + ",\"state\":" + Quoted(NameOf(state.kind)) +
            ",\"why\":" + Quoted(state.why) + "}";
  }
  return line + "],\"cgroup\":" + Quoted(cgroup) + ",\"failure\":" + Quoted(failure) + "}\n";
}

}  // namespace dcp::confinement
