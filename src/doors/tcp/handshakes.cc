// SPDX-License-Identifier: Apache-2.0
#include "doors/tcp/handshakes.h"

#include <utility>

namespace berth::doors::tcp {

std::unique_ptr<Handshakes::Place> Handshakes::enter(const std::string& customer, std::function<void()> give_way) {
  const auto same = of_customer_.find(customer);
  if (same != of_customer_.end() && same->second.size() >= most_per_customer_) {
    end(*same->second.begin());
  } else if (unfinished_.size() >= most_) {
    end(unfinished_.begin()->first);
  }
  const std::uint64_t number = ++last_number_;
  unfinished_.emplace(number, Unfinished{customer, std::move(give_way)});
  of_customer_[customer].insert(number);
  return std::make_unique<Place>(*this, number);
}

void Handshakes::end(std::uint64_t number) {
  const auto give_way = std::move(unfinished_.at(number).give_way);
  take_out(number);
  give_way();
}

void Handshakes::take_out(std::uint64_t number) {
  const auto found = unfinished_.find(number);
  if (found == unfinished_.end()) {
    return;  // it gave way
  }
  const auto same = of_customer_.find(found->second.customer);
  same->second.erase(number);
  if (same->second.empty()) {
    of_customer_.erase(same);
  }
  unfinished_.erase(found);
}

}  // namespace berth::doors::tcp
