#include <fcntl.h>
#include <unistd.h>

#include <cstdlib>

#include "confinement/files.h"
#include "confinement/layers.h"

namespace dcp::confinement {

namespace {

constexpr const char* kFile = "/proc/self/oom_score_adj";
// Of 1000: before everything else that is not marked in the same way. An evaluator is replaced
// within a second.
constexpr int kScore = 900;

int CurrentScore() {
  char text[16] = "";
  const int fd = open(kFile, O_RDONLY | O_CLOEXEC);
  if (fd < 0) return kScore;
  if (read(fd, text, sizeof text - 1) < 0) text[0] = '\0';
  close(fd);
  return static_cast<int>(strtol(text, nullptr, 10));
}

}  // namespace

LayerState RaiseOomScore() {
  // Nobody but the administrator may lower it.
  if (CurrentScore() >= kScore && access(kFile, W_OK) == 0) return On();
  return WriteFile(kFile, std::to_string(kScore)) ? On() : MissingBySystem(kFile);
}

}  // namespace dcp::confinement
