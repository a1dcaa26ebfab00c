#include "classic/long_texts.h"

#include <array>
#include <cstdint>
#include <string_view>
#include <utility>

namespace dcp {

namespace {

constexpr size_t kLongTextBytes = size_t{64} << 10;

constexpr std::string_view kBase64 =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/=";

constexpr std::array<bool, 256> MakeTable() {
  std::array<bool, 256> table{};
  for (const char character : kBase64) table[static_cast<uint8_t>(character)] = true;
  return table;
}

bool IsBase64(char character) {
  static constexpr std::array<bool, 256> kTable = MakeTable();
  return kTable[static_cast<uint8_t>(character)];
}

// Whether a literal between these two characters is a value: of a property, a variable, an
// argument, an element. Elsewhere (a key, a directive, a comment) it stays.
bool IsValueBetween(char before, char after) {
  return std::string_view(":=(,[").find(before) != std::string_view::npos &&
         std::string_view(",;)}]").find(after) != std::string_view::npos;
}

}  // namespace

std::string TakeLongTexts(std::string source, std::vector<SharedText>* texts) {
  std::string rest;
  size_t copied = 0;
  // A text this long has a character at every multiple of half its length.
  constexpr size_t kStep = kLongTextBytes / 2;
  for (size_t at = kStep; at < source.size(); at += kStep) {
    if (!IsBase64(source[at])) continue;
    size_t start = at;
    while (start > copied && IsBase64(source[start - 1])) start--;
    size_t end = at;
    while (end < source.size() && IsBase64(source[end])) end++;
    at = end;
    if (end - start < kLongTextBytes || start < copied + 2 || end + 1 >= source.size()) continue;
    const char quote = source[start - 1];
    if ((quote != '"' && quote != '\'') || source[end] != quote ||
        !IsValueBetween(source[start - 2], source[end + 1])) {
      continue;
    }
    rest.append(source, copied, start - 1 - copied);
    rest += kLongTextFunction;
    rest += '(' + std::to_string(texts->size()) + ')';
    texts->push_back(std::make_shared<const std::string>(source, start, end - start));
    copied = end + 1;
  }
  if (copied == 0) return source;
  rest.append(source, copied);
  return rest;
}

}  // namespace dcp
