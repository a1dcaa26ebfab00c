// Internal to native/classic: long texts in the source of startup files, kept once for all
// Sandboxes.
#pragma once

#include <memory>
#include <string>
#include <vector>

namespace dcp {

using SharedText = std::shared_ptr<const std::string>;

// The global function that gives a text by its number, once any was taken out. Neither enumerable
// nor configurable, so that whatever the startup files take away, their own code finds it.
inline constexpr char kLongTextFunction[] = "__dcpText";

// Takes the long string literals of Base64 out of a script and puts calls of kLongTextFunction in
// their place: V8 would keep a copy of each in every heap. (Python is 15 MB of such texts in the
// startup files of dcp-client 5.) They are appended to `texts`, where their numbers are.
std::string TakeLongTexts(std::string source, std::vector<SharedText>* texts);

}  // namespace dcp
