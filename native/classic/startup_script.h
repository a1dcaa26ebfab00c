// Internal to native/classic: a startup file, read and compiled once for all Sandboxes.
#pragma once

#include <v8.h>

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "v8/code_cache.h"

namespace dcp {

// A classic script: what it declares at its top level, the files after it see. Immutable but for
// the code cache; usable from any thread. Isolates read the text where it lies.
class StartupScript {
 public:
  // `name` is what stacks show.
  StartupScript(std::string name, std::string utf8);

  const std::string& name() const { return name_; }
  // From the code cache when there is one. Empty with an exception pending.
  v8::MaybeLocal<v8::Script> Compile(v8::Isolate* isolate, v8::Local<v8::Context> context);
  // Keeps V8's code for the next isolates: called once the functions every Sandbox needs have run,
  // so that the cache has them compiled.
  void OfferCache(v8::Local<v8::UnboundScript> compiled);

 private:
  v8::MaybeLocal<v8::String> Text(v8::Isolate* isolate) const;

  const std::string name_;
  // The one that is not empty has the text.
  std::shared_ptr<const std::string> one_byte_;
  std::shared_ptr<const std::vector<uint16_t>> two_byte_;
  CodeCache cache_;
};

using StartupScripts = std::vector<std::shared_ptr<StartupScript>>;

}  // namespace dcp
