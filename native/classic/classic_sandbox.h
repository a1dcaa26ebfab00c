// Public to native/: a Sandbox as existing DCP Workers know it: lines of text in and out, an
// environment made of startup files.
#pragma once

#include <v8.h>

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "classic/classic_isolate.h"
#include "classic/lines.h"
#include "sandbox/sandbox.h"

namespace dcp {

class ClassicSandbox final : public Sandbox {
 public:
  // For Create().
  ClassicSandbox(SandboxOptions options, std::shared_ptr<const ClassicSetup> setup,
                 std::weak_ptr<RunQueue> queue, std::shared_ptr<SandboxListener> listener);

  // From the host, any thread.

  // Bytes of lines, cut anywhere. Answers whether no more should come until kRoom.
  bool Read(Bytes chunk);
  // No line comes any more: the Sandbox ends when it has nothing to do.
  void EndInput();
  // What it has written, after kOutput. The host says Release() when it has sent it.
  std::vector<Bytes> TakeOutput() { return output_.Take(); }
  void Release(size_t bytes);

  // For the primitives, on the executing thread.
  static ClassicSandbox& Of(v8::Isolate* isolate) {
    return static_cast<ClassicSandbox&>(SandboxIsolate::SandboxOf(isolate));
  }
  ClassicIsolate& isolate() { return static_cast<ClassicIsolate&>(*isolate_); }
  // One line, which gets its end here. Waits while the peer does not take what was written before.
  void WriteLine(v8::Local<v8::String> line);
  // The same for our own words: `LOG:` and text, made one line.
  void Log(std::string_view text);
  // Ends it, with nothing more to say.
  void Die();

 private:
  std::unique_ptr<SandboxIsolate> MakeIsolate(const SandboxIsolate::Owner& owner,
                                              std::function<void()> wake) override;
  bool RunCommands() override { return false; }
  bool Turn() override;
  double NextOwnMs() override;

  bool ReadOneLine();
  // What nobody caught is said, and remembered as long as a line has no answer.
  void ReportUnhandled();
  void EndIfItCannotAnswer();
  void Write(Bytes lines);
  // Holds the thread while the peer does not read. It may have its reasons, but not for ever.
  void AwaitPeer();

  const std::shared_ptr<const ClassicSetup> setup_;
  LineInput input_;
  LineOutput output_;
  // Of the executing thread. A line was read and no message written since; what was thrown since
  // then.
  bool unanswered_ = false;
  std::string thrown_;
};

}  // namespace dcp
