// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>

namespace berth::doors::tcp {

// Unfinished handshakes. Beyond a cap the oldest gives way, of that customer or of all: who is quick comes in however
// many are silent. Lives on one thread, longer than its places.
class Handshakes {
 public:
  Handshakes(std::size_t most, std::size_t most_per_customer) : most_(most), most_per_customer_(most_per_customer) {}

  class Place {
   public:
    Place(Handshakes& handshakes, std::uint64_t number) : handshakes_(handshakes), number_(number) {}
    ~Place() { handshakes_.take_out(number_); }
    Place(const Place&) = delete;
    Place& operator=(const Place&) = delete;

   private:
    Handshakes& handshakes_;
    std::uint64_t number_;
  };

  // `give_way` is called at most once, while there is the place.
  std::unique_ptr<Place> enter(const std::string& customer, std::function<void()> give_way);
  std::size_t count() const { return unfinished_.size(); }

 private:
  struct Unfinished {
    std::string customer;
    std::function<void()> give_way;
  };

  void take_out(std::uint64_t number);
  void end(std::uint64_t number);

  std::size_t most_;
  std::size_t most_per_customer_;
  std::uint64_t last_number_ = 0;
  std::map<std::uint64_t, Unfinished> unfinished_;  // the oldest first
  std::map<std::string, std::set<std::uint64_t>> of_customer_;
};

}  // namespace berth::doors::tcp
