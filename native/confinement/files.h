// Internal: files, as the layers need them.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace dcp::confinement {

// Writes all of it in one go into a file that is there. False, with errno, when it cannot.
bool WriteFile(const char* path, std::string_view text);
bool WriteFileAt(int folder, const char* path, std::string_view text);

// The paths that a pattern stands for: * at its end is the rest of a name, # a number. One without
// either is itself.
std::vector<std::string> Expand(const std::string& pattern);

// The program that loads another one's libraries, as that one names it; empty: it needs none.
std::string InterpreterOf(const std::string& program);

}  // namespace dcp::confinement
