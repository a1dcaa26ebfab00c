#include "confinement/specification.h"

#include <algorithm>
#include <charconv>
#include <cstring>
#include <string_view>

namespace dcp::confinement {

namespace {

constexpr int kMostDescriptors = 1 << 20;

template <typename Number>
bool ReadNumber(std::string_view text, Number least, Number most, Number& number) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  return error == std::errc() && end == text.data() + text.size() && number >= least &&
         number <= most;
}

std::string Wrong(std::string_view option, std::string_view value, std::string_view expected) {
  return std::string(option) + ": expected " + std::string(expected) + ", got '" +
         std::string(value) + "'";
}

bool IsPath(std::string_view text) {
  return text.starts_with('/') && text.find("/../") == text.npos && !text.ends_with("/..");
}

std::string ReadPath(std::string_view name, std::string_view value, std::string& path) {
  if (!IsPath(value)) return Wrong(name, value, "an absolute path without ..");
  path = value;
  return "";
}

std::string ReadOption(std::string_view name, std::string_view value, Specification& read) {
  if (name == "--profile") {
    const auto profile = ProfileOf(value);
    if (!profile) return Wrong(name, value, "cpu, software-gpu, nvidia or mesa");
    read.profiles.push_back(*profile);
  } else if (name == "--read") {
    return ReadPath(name, value, read.readable.emplace_back());
  } else if (name == "--cache") {
    return ReadPath(name, value, read.cache_directory);
  } else if (name == "--cgroup") {
    return ReadPath(name, value, read.cgroup);
  } else if (name == "--keep") {
    if (!ReadNumber(value, 3, kMostDescriptors, read.kept_fds.emplace_back()))
      return Wrong(name, value, "a descriptor from 3");
  } else if (name == "--report") {
    if (!ReadNumber(value, 3, kMostDescriptors, read.report_fd))
      return Wrong(name, value, "a descriptor from 3");
  } else if (name == "--parent") {
    if (!ReadNumber(value, 1, 1 << 30, read.parent)) return Wrong(name, value, "a process id");
  } else if (name == "--memory") {
    if (!ReadNumber<uint64_t>(value, 1 << 20, 1ULL << 60, read.memory_bytes))
      return Wrong(name, value, "bytes from 1048576");
  } else if (name == "--without") {
    read.without.emplace_back(value);
  } else {
    return std::string(name) + ": no such option";
  }
  return "";
}

}  // namespace

bool Specification::Leaves(const char* layer) const {
  return std::find(without.begin(), without.end(), layer) != without.end();
}

std::string ReadSpecification(int argc, char** argv, Specification& read) {
  int at = 1;
  for (; at < argc && std::strcmp(argv[at], "--") != 0; at++) {
    const std::string_view word = argv[at];
    if (word == "--require") {
      read.require = true;
    } else if (word == "--probe") {
      read.probe = true;
    } else if (word == "--writes-output") {
      read.writes_output = true;
    } else {
      const size_t equals = word.find('=');
      if (equals == word.npos) return std::string(word) + ": expected --option=value";
      std::string wrong = ReadOption(word.substr(0, equals), word.substr(equals + 1), read);
      if (!wrong.empty()) return wrong;
    }
  }
  for (at++; at < argc; at++) read.program.push_back(argv[at]);
  if (read.report_fd < 0) return "--report: missing";
  if (read.program.empty()) return "behind --: expected a program and its arguments";
  if (!IsPath(read.program[0])) return Wrong("the program", read.program[0], "an absolute path");
  read.program.push_back(nullptr);
  if (read.profiles.empty()) read.profiles.push_back(Profile::kCpu);
  return "";
}

}  // namespace dcp::confinement
