// Public to native/: strings that V8 reads where they lie, instead of a copy in each heap.
#pragma once

#include <v8.h>

#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace dcp {

// A byte a character (Latin-1).
class SharedOneByteString final : public v8::String::ExternalOneByteStringResource {
 public:
  explicit SharedOneByteString(std::shared_ptr<const std::string> text) : text_(std::move(text)) {}
  const char* data() const override { return text_->data(); }
  size_t length() const override { return text_->size(); }

 private:
  const std::shared_ptr<const std::string> text_;
};

class SharedTwoByteString final : public v8::String::ExternalStringResource {
 public:
  explicit SharedTwoByteString(std::shared_ptr<const std::vector<uint16_t>> text)
      : text_(std::move(text)) {}
  const uint16_t* data() const override { return text_->data(); }
  size_t length() const override { return text_->size(); }

 private:
  const std::shared_ptr<const std::vector<uint16_t>> text_;
};

// V8 deletes the resource with the string; without a string there is no memory left for anything.
inline v8::MaybeLocal<v8::String> NewShared(v8::Isolate* isolate,
                                            std::shared_ptr<const std::string> text) {
  // NOLINTNEXTLINE(clang-analyzer-cplusplus.NewDeleteLeaks)
  return v8::String::NewExternalOneByte(isolate, new SharedOneByteString(std::move(text)));
}

inline v8::MaybeLocal<v8::String> NewShared(v8::Isolate* isolate,
                                            std::shared_ptr<const std::vector<uint16_t>> text) {
  // NOLINTNEXTLINE(clang-analyzer-cplusplus.NewDeleteLeaks)
  return v8::String::NewExternalTwoByte(isolate, new SharedTwoByteString(std::move(text)));
}

}  // namespace dcp
