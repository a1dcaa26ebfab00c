#include "isolate/mappings.h"

#include <algorithm>
#include <utility>

namespace dcp {

namespace {

constexpr size_t kFewest = 64;

// What one isolate may have of them, what all may together, and what one gets even when others have
// it all: a process of a hundred Sandboxes stays below what the kernel gives, too.
constexpr uint32_t kMostMappings = 8192;
constexpr uint32_t kMostMappingsOfAll = 32'768;
constexpr uint32_t kAssuredMappings = 128;
constexpr uint32_t kMostMemories = 1024;
constexpr uint32_t kMostMemoriesOfAll = 6144;
constexpr uint32_t kAssuredMemories = 32;

std::atomic<uint32_t> mappings_of_all{0};
std::atomic<uint32_t> memories_of_all{0};

// `own` and `all` with what is to be made.
bool Fits(uint64_t own, uint64_t all, uint32_t most, uint32_t most_of_all, uint32_t assured) {
  return own <= assured || (own <= most && all <= most_of_all);
}

}  // namespace

Mappings::~Mappings() { Uncount(MappedCount(counted_)); }

bool Mappings::HasRoomFor(const MappedCount& more) {
  const auto fits = [&] {
    const auto total = [](uint32_t count, uint32_t wanted) { return uint64_t{count} + wanted; };
    return Fits(total(counted_.mappings, more.mappings),
                total(mappings_of_all.load(std::memory_order_relaxed), more.mappings),
                kMostMappings, kMostMappingsOfAll, kAssuredMappings) &&
           (more.memories == 0 ||
            Fits(total(counted_.memories, more.memories),
                 total(memories_of_all.load(std::memory_order_relaxed), more.memories),
                 kMostMemories, kMostMemoriesOfAll, kAssuredMemories));
  };
  if (fits()) return true;
  Prune();
  return fits();
}

bool Mappings::Hold(const std::shared_ptr<v8::BackingStore>& store, const MappedCount& count) {
  PruneAtTimes();
  Store& known = stores_[store.get()];
  if (!known.store.expired()) return false;
  // Another one may have been there before.
  Uncount(known.count);
  known = {store, count};
  Count(count);
  return true;
}

void Mappings::Hold(v8::Local<v8::Object> object, const MappedCount& count) {
  PruneAtTimes();
  Held& held = objects_.emplace_back(Held{v8::Global<v8::Object>(isolate_, object), count});
  held.object.SetWeak();
  Count(count);
}

void Mappings::PruneAtTimes() {
  if (stores_.size() + objects_.size() < prune_at_) return;
  Prune();
  prune_at_ = std::max(kFewest, (stores_.size() + objects_.size()) * 2);
}

void Mappings::Prune() {
  std::erase_if(stores_, [this](const auto& each) {
    const bool gone = each.second.store.expired();
    if (gone) Uncount(each.second.count);
    return gone;
  });
  std::erase_if(objects_, [this](const Held& held) {
    const bool gone = held.object.IsEmpty();
    if (gone) Uncount(held.count);
    return gone;
  });
}

void Mappings::Clear() { objects_.clear(); }

void Mappings::Count(const MappedCount& more) {
  counted_ += more;
  bytes_.store(counted_.bytes, std::memory_order_relaxed);
  mappings_of_all.fetch_add(more.mappings, std::memory_order_relaxed);
  memories_of_all.fetch_add(more.memories, std::memory_order_relaxed);
}

void Mappings::Uncount(const MappedCount& less) {
  counted_ -= less;
  bytes_.store(counted_.bytes, std::memory_order_relaxed);
  mappings_of_all.fetch_sub(less.mappings, std::memory_order_relaxed);
  memories_of_all.fetch_sub(less.memories, std::memory_order_relaxed);
}

}  // namespace dcp
