#include "confinement/files.h"

#include <dirent.h>
#include <elf.h>
#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cctype>

namespace dcp::confinement {

namespace {

constexpr size_t kMostPathBytes = 4096;

bool Fits(std::string_view rest, char mark) {
  if (mark == '*') return true;
  return !rest.empty() &&
         std::all_of(rest.begin(), rest.end(), [](unsigned char c) { return std::isdigit(c); });
}

}  // namespace

bool WriteFileAt(int folder, const char* path, std::string_view text) {
  const int fd = openat(folder, path, O_WRONLY | O_CLOEXEC);
  if (fd < 0) return false;
  const bool is_written = write(fd, text.data(), text.size()) == static_cast<ssize_t>(text.size());
  const int error = errno;
  close(fd);
  errno = error;
  return is_written;
}

bool WriteFile(const char* path, std::string_view text) {
  return WriteFileAt(AT_FDCWD, path, text);
}

std::vector<std::string> Expand(const std::string& pattern) {
  const char mark = pattern.back();
  if (mark != '*' && mark != '#') return {pattern};
  const size_t slash = pattern.rfind('/');
  const std::string folder = pattern.substr(0, slash + 1);
  const std::string start = pattern.substr(slash + 1, pattern.size() - slash - 2);
  std::vector<std::string> paths;
  DIR* directory = opendir(folder.c_str());
  if (directory == nullptr) return paths;
  while (const dirent* entry = readdir(directory)) {
    const std::string_view name = entry->d_name;
    if (name.starts_with(start) && Fits(name.substr(start.size()), mark))
      paths.push_back(folder + std::string(name));
  }
  closedir(directory);
  std::sort(paths.begin(), paths.end());
  return paths;
}

std::string InterpreterOf(const std::string& program) {
  const int fd = open(program.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) return "";
  std::string interpreter;
  Elf64_Ehdr head{};
  if (pread(fd, &head, sizeof head, 0) == sizeof head &&
      std::equal(head.e_ident, head.e_ident + SELFMAG, ELFMAG)) {
    for (int i = 0; i < head.e_phnum && interpreter.empty(); i++) {
      Elf64_Phdr part{};
      const auto at = static_cast<off_t>(head.e_phoff + sizeof part * static_cast<size_t>(i));
      if (pread(fd, &part, sizeof part, at) != sizeof part) break;
      if (part.p_type != PT_INTERP || part.p_filesz > kMostPathBytes) continue;
      std::string text(part.p_filesz, '\0');
      if (pread(fd, text.data(), text.size(), static_cast<off_t>(part.p_offset)) ==
          static_cast<ssize_t>(text.size()))
        interpreter = text.c_str();
    }
  }
  close(fd);
  return interpreter;
}

}  // namespace dcp::confinement
