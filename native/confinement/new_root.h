// Internal: an empty root that the machine's files are shown in one by one.
#pragma once

#include <string>
#include <vector>

#include "confinement/profiles.h"

namespace dcp::confinement {

class NewRoot {
 public:
  // Where the machine's root is seen meanwhile.
  static constexpr const char* kOldName = ".machine";

  // Whether the kernel can make a whole tree of mounts read-only.
  static bool IsSupported();
  // `has_devices`: device files below work. `is_alone`: what is mounted below stays as it is.
  static bool MakeReadOnly(const std::string& path, bool has_devices, bool is_alone);

  static std::string OldPath(const std::string& path);

  // Shows a path as the machine has it, with the symbolic links on its way. One that is not there
  // is left out. Answers what went wrong, empty when nothing did.
  std::string Show(const std::string& path, Access access);
  std::string ShowCache(const std::string& path);
  // Shows one path, which is there and has no links in it, at another. False, with errno, when it
  // cannot.
  bool Bind(const std::string& from, const std::string& to, Access access);
  // It is there by other means.
  void AddShown(const std::string& path) { shown_.push_back(path); }

 private:
  // Follows links, and makes them anew. Empty: there is nothing.
  std::string Resolve(const std::string& path);
  bool IsShown(const std::string& path) const;

  // Folders and files that are there, with all below.
  std::vector<std::string> shown_;
};

}  // namespace dcp::confinement
