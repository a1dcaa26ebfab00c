// Public to native/sandbox: the globals that a Sandbox makes when they are first used.
#pragma once

#include <v8.h>

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "sandbox/host_object.h"
#include "sandbox/shared_script.h"

namespace dcp {

// Gives an object what one kind of Sandbox has for our scripts.
using AddFunctions = void (*)(HostObject* host);

// Globals that one script makes, when the first of them is used.
struct GlobalGroup {
  std::string name;
  std::vector<std::string> globals;
  std::shared_ptr<SharedScript> script;
};

// What a Sandbox consists of before its Job. Immutable; shared by the Sandboxes of an evaluator.
struct SandboxScripts {
  std::shared_ptr<SharedScript> prelude;
  std::vector<GlobalGroup> groups;
};

// The script of a group: the body of a function `(host, realm)`. Usable from any thread.
const ScriptPurpose& GroupScript(const std::string& group);

// The globals of the environment in one isolate. They look like data properties of the global
// object from the start; the script of a group runs when the first of its globals is read. Used on
// the executing thread only, with the isolate entered.
class Environment {
 public:
  // `add_functions` completes the host object when the first group is made.
  Environment(std::shared_ptr<const SandboxScripts> scripts, AddFunctions add_functions);

  // What the scripts will be called with: the prelude's own host object, and its realm.
  void Attach(v8::Isolate* isolate, v8::Local<v8::Object> host, v8::Local<v8::Object> realm);

  // Puts all names on the global object. False with an exception pending.
  bool Install(v8::Local<v8::Context> context);

  // Puts more names of a group on the global object. False with an exception pending.
  bool Define(v8::Local<v8::Context> context, std::string_view group, v8::Local<v8::Array> names);

  // What a group exports, made at the first call. Empty with an exception pending when it could not
  // be made: by the stack's end, the heap's, or a termination. The next call tries again.
  v8::MaybeLocal<v8::Object> Load(v8::Local<v8::Context> context, std::string_view group);

  // Until then code caches wait: what is still to run in scripts that were loaded is to be in them.
  void OfferCaches();

  // Lets go of everything, before the isolate goes.
  void Clear();

 private:
  struct Group {
    v8::Global<v8::Object> exports;
    // Its script's function, as long as that waits to be cached.
    v8::Global<v8::Function> uncached;
    // Its script is running: a group that needs itself is a mistake of ours, not an endless loop.
    bool loading = false;
  };

  v8::MaybeLocal<v8::Object> Load(v8::Local<v8::Context> context, size_t group);
  bool Define(v8::Local<v8::Context> context, size_t group, v8::Local<v8::Name> name);
  // The number of a group. Empty with an exception pending when there is none of that name.
  std::optional<size_t> Find(std::string_view name);
  static void OnFirstRead(v8::Local<v8::Name> name,
                          const v8::PropertyCallbackInfo<v8::Value>& info);

  const std::shared_ptr<const SandboxScripts> scripts_;
  const AddFunctions add_functions_;
  std::vector<Group> groups_;
  v8::Global<v8::Object> host_;
  v8::Global<v8::Object> realm_;
  bool caches_wait_ = true;
  // The host object has got the functions that are not needed at the start.
  bool host_complete_ = false;
};

}  // namespace dcp
