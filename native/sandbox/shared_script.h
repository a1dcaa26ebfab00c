// Public to native/: a script that many isolates of the process run, kept and compiled once.
#pragma once

#include <v8.h>

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "v8/code_cache.h"

namespace dcp {

// What a script is for: the name that stacks show, and the parameters of the function whose body it
// is. One object for each purpose, that lives as long as the process.
struct ScriptPurpose {
  std::string_view name;
  std::vector<std::string_view> parameters;
};

// The text and the code V8 made of it. Immutable but for the code cache; usable from any thread.
// Isolates hold the text for as long as they need it.
class SharedScript {
 public:
  // The same text for the same purpose gives the same object while anybody holds it.
  static std::shared_ptr<SharedScript> Get(const ScriptPurpose& purpose, std::string source);

  // The compiled function, from the code cache when there is one.
  v8::MaybeLocal<v8::Function> Compile(v8::Isolate* isolate, v8::Local<v8::Context> context);

  // Keeps V8's code for the next isolates: called once the functions every Sandbox needs have run,
  // so that the cache has them compiled.
  void OfferCache(v8::Local<v8::Function> compiled);
  bool has_cache() { return !cache_.empty(); }

  // For Get().
  SharedScript(const ScriptPurpose& purpose, std::string source);
  ~SharedScript();
  SharedScript(const SharedScript&) = delete;
  SharedScript& operator=(const SharedScript&) = delete;

 private:
  v8::MaybeLocal<v8::String> Text(v8::Isolate* isolate);

  const ScriptPurpose& purpose_;
  const std::shared_ptr<const std::string> source_;
  const bool ascii_;
  CodeCache cache_;
};

}  // namespace dcp
