// Public to native/: the code that V8 made of a script, for the isolates that run it next.
#pragma once

#include <v8.h>

#include <cstdint>
#include <memory>
#include <mutex>
#include <utility>
#include <vector>

namespace dcp {

// Empty until it is offered. Usable from any thread.
class CodeCache {
 public:
  // What one compilation reads: it holds the bytes for as long as that takes.
  class Use {
   public:
    explicit Use(std::shared_ptr<const std::vector<uint8_t>> bytes) : bytes_(std::move(bytes)) {}
    // For v8::ScriptCompiler::Source, which deletes it. Null: there is none.
    v8::ScriptCompiler::CachedData* data() const {
      if (!bytes_) return nullptr;
      return new v8::ScriptCompiler::CachedData(bytes_->data(), static_cast<int>(bytes_->size()),
                                                v8::ScriptCompiler::CachedData::BufferNotOwned);
    }
    v8::ScriptCompiler::CompileOptions options() const {
      return bytes_ ? v8::ScriptCompiler::kConsumeCodeCache : v8::ScriptCompiler::kNoCompileOptions;
    }

   private:
    const std::shared_ptr<const std::vector<uint8_t>> bytes_;
  };

  Use use() {
    std::lock_guard lock(mutex_);
    return Use(bytes_);
  }

  bool empty() {
    std::lock_guard lock(mutex_);
    return bytes_ == nullptr;
  }

  // Keeps what `make` answers, an owned CachedData*, unless there is a cache already.
  template <typename Make>
  void Offer(Make make) {
    if (!empty()) return;
    const std::unique_ptr<v8::ScriptCompiler::CachedData> data(make());
    if (!data) return;
    auto bytes =
        std::make_shared<const std::vector<uint8_t>>(data->data, data->data + data->length);
    std::lock_guard lock(mutex_);
    if (!bytes_) bytes_ = std::move(bytes);
  }

 private:
  std::mutex mutex_;
  std::shared_ptr<const std::vector<uint8_t>> bytes_;
};

}  // namespace dcp
