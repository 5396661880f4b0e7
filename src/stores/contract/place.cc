// SPDX-License-Identifier: Apache-2.0
#include "stores/contract/place.h"

#include <utility>

#include "stores/memory/memory_store.h"

namespace berth::stores::contract {
namespace {

// There is nothing to open a memory store from again: it stays, and the stores that are opened stand for it.
class MemoryPlace final : public Place {
 public:
  std::unique_ptr<core::Store> open(const async::Executor&) override { return std::make_unique<Standing>(*store_); }

 private:
  class Standing final : public core::Store {
   public:
    explicit Standing(core::Store& store) : store_(store) {}
    async::Task<bool> transact(std::function<void(core::Transaction&)> work) override {
      return store_.transact(std::move(work));
    }

   private:
    core::Store& store_;
  };

  std::unique_ptr<core::Store> store_ = memory::open();
};

}  // namespace

std::vector<Kind> all_kinds() {
  return {{.name = "memory", .make_place = [] { return std::make_unique<MemoryPlace>(); }}};
}

}  // namespace berth::stores::contract
