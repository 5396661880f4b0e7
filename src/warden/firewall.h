// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "warden/address_block.h"
#include "wire/warden_protocol.h"

namespace berth::warden {

// What one instance may send to the world.
struct Allowance {
  Address address = 0;
  wire::Egress egress = wire::Egress::none;
  std::uint32_t kilobits = 0;  // per second, each way
};

// Our nftables table "inet <name>": one fixed set of rules over sets of links, so that an instance is some set elements
// and no rule. A link without an allowance can send nothing anywhere. Not for use by several threads at once.
class Firewall {
 public:
  Firewall(std::string name, AddressBlock network, std::vector<std::string> resolvers);

  // Makes the table anew with exactly these, keyed by instance index, in one step.
  void install(std::map<std::uint32_t, Allowance> allowances);
  void allow(std::uint32_t index, const Allowance& allowance);
  void forbid(std::uint32_t index);
  void remove();

  std::string link_name(std::uint32_t index) const { return name_ + "-" + std::to_string(index); }
  // The whole table as nft(8) reads it.
  std::string rules() const;

 private:
  std::string elements(const char* verb, std::uint32_t index, const Allowance& allowance) const;
  void run(const std::string& commands) const;

  std::string name_;
  AddressBlock network_;
  std::vector<std::string> resolvers_;
  bool installed_ = false;
  std::map<std::uint32_t, Allowance> allowances_;
};

}  // namespace berth::warden
