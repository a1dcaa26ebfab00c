#include "addon/datagram.h"

#include "addon/columns.h"

namespace dcp {

Napi::Function DatagramObject::Define(Napi::Env env) {
  return DefineClass(env, "DatagramSocket",
                     {
                         InstanceMethod<&DatagramObject::Connect>("connect"),
                         InstanceMethod<&DatagramObject::Send>("send"),
                         InstanceMethod<&DatagramObject::SendSealed>("sendSealed"),
                         InstanceMethod<&DatagramObject::WaitWritable>("waitWritable"),
                         InstanceMethod<&DatagramObject::Close>("close"),
                     });
}

DatagramObject::DatagramObject(const Napi::CallbackInfo& info)
    : Napi::ObjectWrap<DatagramObject>(info) {}

Napi::Value DatagramObject::Connect(const Napi::CallbackInfo& info) {
  return Napi::Number::New(info.Env(), socket_.Connect(info[0].As<Napi::String>().Utf8Value()));
}

Napi::Value DatagramObject::Send(const Napi::CallbackInfo& info) {
  const Bytes bytes = BytesOf(info[0]);
  return Napi::Number::New(info.Env(), socket_.Send(bytes.data, bytes.size));
}

Napi::Value DatagramObject::SendSealed(const Napi::CallbackInfo& info) {
  const Bytes bytes = BytesOf(info[0]);
  return Napi::Number::New(info.Env(), socket_.SendSealed(bytes.data, bytes.size));
}

Napi::Value DatagramObject::WaitWritable(const Napi::CallbackInfo& info) {
  return Napi::Number::New(info.Env(),
                           socket_.WaitWritable(info[0].As<Napi::Number>().Int32Value()));
}

void DatagramObject::Close(const Napi::CallbackInfo&) { socket_.Close(); }

}  // namespace dcp
