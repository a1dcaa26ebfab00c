// Public to native/: the script every Sandbox runs before the Work Function.
#pragma once

#include <v8.h>

#include <memory>
#include <mutex>
#include <string>
#include <vector>

namespace dcp {

// The text (the body of a function of one parameter, `host`) and the code V8 made of it, shared by
// all isolates of the process. Immutable but for the code cache; usable from any thread.
class Prelude {
 public:
  // `source` is ASCII, as the bundler writes it. Shared: the same text gives the same Prelude.
  static std::shared_ptr<Prelude> ForSource(std::string source);

  // The compiled function, from the code cache when there is one.
  v8::MaybeLocal<v8::Function> Compile(v8::Isolate* isolate, v8::Local<v8::Context> context);

  // Keeps V8's code for the next isolates: called once the functions every Sandbox needs have run,
  // so that the cache has them compiled.
  void OfferCache(v8::Local<v8::Function> compiled);

  explicit Prelude(std::string source) : source_(std::move(source)) {}

 private:
  const std::string source_;
  std::mutex mutex_;
  std::shared_ptr<const std::vector<uint8_t>> cache_;
};

}  // namespace dcp
