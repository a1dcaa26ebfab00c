// Random bytes and digests, for the Web Cryptography API (https://w3c.github.io/webcrypto/).
#include <openssl/evp.h>
#include <sys/random.h>

#include <algorithm>
#include <cerrno>
#include <memory>
#include <span>

#include "sandbox/buffer_source.h"
#include "sandbox/environment_functions.h"

namespace dcp {

namespace {

// Some 10 ms of work: how long a Sandbox that is to stop goes on.
constexpr size_t kDigestStep = size_t{4} << 20;

struct ContextFreed {
  void operator()(EVP_MD_CTX* context) const { EVP_MD_CTX_free(context); }
};

// The numbers of src/sandbox/environment/crypto.ts.
const EVP_MD* Algorithm(uint32_t number) {
  switch (number) {
    case 0:
      return EVP_sha1();
    case 1:
      return EVP_sha256();
    case 2:
      return EVP_sha384();
    case 3:
      return EVP_sha512();
    default:
      return nullptr;
  }
}

bool IsIntegerArray(v8::Local<v8::Value> value) {
  return value->IsInt8Array() || value->IsUint8Array() || value->IsUint8ClampedArray() ||
         value->IsInt16Array() || value->IsUint16Array() || value->IsInt32Array() ||
         value->IsUint32Array() || value->IsBigInt64Array() || value->IsBigUint64Array();
}

bool FillRandom(std::span<uint8_t> bytes) {
  while (!bytes.empty()) {
    const ssize_t got = getrandom(bytes.data(), bytes.size(), 0);
    if (got >= 0) {
      bytes = bytes.subspan(static_cast<size_t>(got));
    } else if (errno != EINTR) {
      return false;
    }
  }
  return true;
}

// randomKind(value): 0 for an array that random bytes may go into, 1 for another view, 2 for none
void RandomKind(const Arguments& info) {
  uint32_t kind = 2;
  if (info[0]->IsArrayBufferView()) {
    auto view = info[0].As<v8::ArrayBufferView>();
    kind = IsIntegerArray(info[0]) ? 0 : 1;
    // Web IDL takes neither where an interface does not say so.
    if (view->HasBuffer()) {
      v8::Local<v8::Value> buffer = view->Buffer();
      if (buffer->IsSharedArrayBuffer() ||
          buffer.As<v8::ArrayBuffer>()->GetBackingStore()->IsResizableByUserJavaScript()) {
        kind = 2;
      }
    }
  }
  info.GetReturnValue().Set(kind);
}

// isSharedSource(value): whether a BufferSource is of shared memory
void IsSharedSource(const Arguments& info) {
  v8::Local<v8::Value> buffer = info[0];
  if (buffer->IsArrayBufferView()) {
    auto view = buffer.As<v8::ArrayBufferView>();
    if (!view->HasBuffer()) return info.GetReturnValue().Set(false);
    buffer = view->Buffer();
  }
  info.GetReturnValue().Set(buffer->IsSharedArrayBuffer());
}

// randomFill(view)
void RandomFill(const Arguments& info) {
  v8::Isolate* isolate = info.GetIsolate();
  if (!IsIntegerArray(info[0])) return ThrowTypeError(isolate, "randomFill: an array expected");
  auto view = info[0].As<v8::TypedArray>();
  auto* data = static_cast<uint8_t*>(view->Buffer()->Data()) + view->ByteOffset();
  if (!FillRandom({data, view->ByteLength()})) {
    ThrowTypeError(isolate, "the system gives no random bytes");
  }
}

// digest(algorithm, data, target, pause): fills the ArrayBuffer `target`, which has the digest's
// size. Calls `pause`, which must do nothing, now and then: V8 looks there whether the Sandbox is
// to stop.
void Digest(const Arguments& info) {
  v8::Isolate* isolate = info.GetIsolate();
  v8::Local<v8::Context> v8_context = isolate->GetCurrentContext();
  const EVP_MD* algorithm =
      info[0]->IsUint32() ? Algorithm(info[0].As<v8::Uint32>()->Value()) : nullptr;
  BufferSource source;
  const auto fits = [&] {
    return info[2].As<v8::ArrayBuffer>()->ByteLength() ==
           static_cast<size_t>(EVP_MD_size(algorithm));
  };
  if (algorithm == nullptr || !source.ReadAndHold(info[1]) || !info[2]->IsArrayBuffer() ||
      !fits() || !info[3]->IsFunction()) {
    return ThrowTypeError(isolate, "digest: algorithm, data, target and pause expected");
  }
  const std::unique_ptr<EVP_MD_CTX, ContextFreed> context(EVP_MD_CTX_new());
  bool ok = context && EVP_DigestInit_ex(context.get(), algorithm, nullptr) == 1;
  std::span<const uint8_t> rest = source.bytes();
  while (ok && !rest.empty()) {
    const size_t size = std::min(rest.size(), kDigestStep);
    ok = EVP_DigestUpdate(context.get(), rest.data(), size) == 1;
    rest = rest.subspan(size);
    if (rest.empty()) break;
    if (info[3].As<v8::Function>()->Call(v8_context, v8::Undefined(isolate), 0, nullptr).IsEmpty())
      return;
  }
  if (!fits()) return ThrowTypeError(isolate, "digest: the target changed meanwhile");
  auto* target = static_cast<uint8_t*>(info[2].As<v8::ArrayBuffer>()->Data());
  if (!ok || EVP_DigestFinal_ex(context.get(), target, nullptr) != 1) {
    ThrowTypeError(isolate, "digest: the algorithm is not to be had");
  }
}

}  // namespace

void AddCryptoFunctions(HostObject* host) {
  host->Add("digest", Digest);
  host->Add("isSharedSource", IsSharedSource);
  host->Add("randomFill", RandomFill);
  host->Add("randomKind", RandomKind);
}

}  // namespace dcp
