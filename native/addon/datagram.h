// Internal to native/addon: the JavaScript class DatagramSocket (src/system/datagram-socket.ts is
// its typed mirror).
#pragma once

#include <napi.h>

#include "system/datagram_socket.h"

namespace dcp {

// Each method answers 0, or a number of errno.
class DatagramObject final : public Napi::ObjectWrap<DatagramObject> {
 public:
  static Napi::Function Define(Napi::Env env);

  explicit DatagramObject(const Napi::CallbackInfo& info);

 private:
  Napi::Value Connect(const Napi::CallbackInfo& info);
  Napi::Value Send(const Napi::CallbackInfo& info);
  Napi::Value SendSealed(const Napi::CallbackInfo& info);
  Napi::Value WaitWritable(const Napi::CallbackInfo& info);
  void Close(const Napi::CallbackInfo& info);

  DatagramSocket socket_;
};

}  // namespace dcp
