// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/network_address.h"

namespace berth::core {

// A range of addresses on a list, until a time.
struct ListedNetwork {
  std::string network;  // as it was written
  std::optional<TimePoint> until;
};

struct GateSettings {
  std::vector<ListedNetwork> allow;  // empty: everybody; `deny` wins
  std::vector<ListedNetwork> deny;
  std::uint32_t most_per_address = 256;  // connections at a time; an IPv6 /64 counts as one
  std::uint32_t most_per_token = 64;
  std::uint32_t proof_of_work = 0;  // bits for a caller's first connections; 0: none is asked for
};

// Every fault of the settings as a sentence, empty when they are sound.
std::vector<std::string> faults_of(const GateSettings& settings);

struct GateCounts {
  std::uint64_t passed = 0;
  std::uint64_t denied = 0;        // by the lists
  std::uint64_t too_many = 0;      // from one address or with one token
  std::uint64_t wrong_tokens = 0;  // or no whole one in time
  std::uint64_t wrong_proofs = 0;
};

struct GateStatus {
  std::string service;
  std::string address;
  std::uint16_t port = 0;
  GateCounts counts;
};

// Who may connect to a service, and how often, before any instance is touched. Lives as long as its door, on the event
// thread.
class Gate {
 public:
  Gate(GateSettings settings, const Clock& clock);

  // One connection's place in the counts, given back at its end.
  class Pass {
   public:
    Pass(Gate& gate, std::string counted) : gate_(gate), counted_(std::move(counted)) {}
    ~Pass() { gate_.give_back(counted_); }
    Pass(const Pass&) = delete;
    Pass& operator=(const Pass&) = delete;

   private:
    Gate& gate_;
    std::string counted_;
  };

  // Nothing: not now.
  std::unique_ptr<Pass> enter(const NetworkAddress& address);
  std::unique_ptr<Pass> enter_with_token(const std::string& holder);
  // How many bits the address has to work for now: more the more often it came within the last minutes. 0: none.
  std::uint32_t work_for(const NetworkAddress& address);
  void note_wrong_token() { ++counts_.wrong_tokens; }
  void note_wrong_proof() { ++counts_.wrong_proofs; }
  const GateCounts& counts() const { return counts_; }

 private:
  struct Listed {
    Network network;
    std::optional<TimePoint> until;
  };
  struct Use {
    double recent = 0;  // visits, halved every minute
    TimePoint counted_at;
  };

  static std::vector<Listed> read(const std::vector<ListedNetwork>& list);
  bool is_on(const std::vector<Listed>& list, const NetworkAddress& address) const;
  std::unique_ptr<Pass> count(std::string what, std::uint32_t most);
  void give_back(const std::string& counted);
  void forget_old_uses();

  GateSettings settings_;
  const Clock& clock_;
  std::vector<Listed> allow_;
  std::vector<Listed> deny_;
  std::map<std::string, std::uint32_t> held_;
  std::map<std::string, Use> uses_;
  GateCounts counts_;
};

}  // namespace berth::core
