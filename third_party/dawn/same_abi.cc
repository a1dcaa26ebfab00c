// Compiles when the webgpu.h of a Dawn, DCP_DAWN_HEADER, has the ABI whose folder of native/webgpu/generated is that of the
// headers named here: numbers of enums, layouts of structs, and what functions take and answer (SameAbi.cmake).
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <type_traits>

namespace ours {
#include "webgpu.h"
}  // namespace ours
#include DCP_DAWN_HEADER

// The types themselves have other names on each side.
template <typename A, typename B>
struct SameShape : std::false_type {};

template <typename T>
constexpr size_t kSize = sizeof(T);
template <>
constexpr size_t kSize<void> = 0;

template <typename A, typename... As, typename B, typename... Bs>
  requires(sizeof...(As) == sizeof...(Bs))
struct SameShape<A (*)(As...), B (*)(Bs...)>
    : std::bool_constant<kSize<A> == kSize<B> && ((sizeof(As) == sizeof(Bs)) && ...)> {};

#define NUMBER(name) \
  static_assert(static_cast<uint64_t>(ours::name) == static_cast<uint64_t>(::name), #name);
#define SIZE(type) static_assert(sizeof(ours::type) == sizeof(::type), "size of " #type);
#define MEMBER(type, member)                                               \
  static_assert(offsetof(ours::type, member) == offsetof(::type, member) && \
                    sizeof(ours::type::member) == sizeof(::type::member),   \
                #type "." #member);
#define CALLBACK(type) static_assert(SameShape<ours::type, ::type>::value, #type);
#define FUNCTION(symbol, name) \
  static_assert(SameShape<decltype(ours::dcp::webgpu::Procs::name), decltype(&::symbol)>::value, #symbol);

#include "comparison.h"
