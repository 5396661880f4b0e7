// SPDX-License-Identifier: Apache-2.0
#include "core/gate.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "core/proof_of_work.h"

namespace berth::core {
namespace {

constexpr double minutes_to_half = 1;
constexpr double free_visits = 4;  // in about a minute, at the first difficulty
constexpr std::size_t most_uses = 100'000;

double faded(double recent, Milliseconds passed) {
  return recent * std::exp2(-static_cast<double>(passed.count()) / (60'000 * minutes_to_half));
}

}  // namespace

std::vector<std::string> faults_of(const GateSettings& settings) {
  std::vector<std::string> faults;
  for (const auto* list : {&settings.allow, &settings.deny}) {
    for (const ListedNetwork& listed : *list) {
      if (!Network::parse(listed.network)) {
        faults.push_back("'" + listed.network + "' is no address range; write for example 192.0.2.0/24");
      }
    }
  }
  if (settings.proof_of_work > most_work) {
    faults.push_back("a proof of work has at most " + std::to_string(most_work) + " bits");
  }
  return faults;
}

Gate::Gate(GateSettings settings, const Clock& clock)
    : settings_(std::move(settings)), clock_(clock), allow_(read(settings_.allow)), deny_(read(settings_.deny)) {}

std::vector<Gate::Listed> Gate::read(const std::vector<ListedNetwork>& list) {
  std::vector<Listed> networks;
  for (const ListedNetwork& listed : list) {
    if (const auto network = Network::parse(listed.network)) {
      networks.push_back({*network, listed.until});
    }
  }
  return networks;
}

bool Gate::is_on(const std::vector<Listed>& list, const NetworkAddress& address) const {
  const TimePoint now = clock_.now();
  return std::ranges::any_of(list, [&](const Listed& listed) {
    return (!listed.until || *listed.until > now) && listed.network.contains(address);
  });
}

std::unique_ptr<Gate::Pass> Gate::count(std::string what, std::uint32_t most) {
  std::uint32_t& held = held_[what];
  if (held >= most) {
    ++counts_.too_many;
    return nullptr;
  }
  ++held;
  return std::make_unique<Pass>(*this, std::move(what));
}

void Gate::give_back(const std::string& counted) {
  const auto found = held_.find(counted);
  if (--found->second == 0) {
    held_.erase(found);
  }
}

std::unique_ptr<Gate::Pass> Gate::enter(const NetworkAddress& address) {
  if (is_on(deny_, address) || (!settings_.allow.empty() && !is_on(allow_, address))) {
    ++counts_.denied;
    return nullptr;
  }
  auto pass = count("address " + address.customer(), settings_.most_per_address);
  counts_.passed += pass ? 1 : 0;
  return pass;
}

std::unique_ptr<Gate::Pass> Gate::enter_with_token(const std::string& holder) {
  return count("token " + holder, settings_.most_per_token);
}

std::uint32_t Gate::work_for(const NetworkAddress& address) {
  if (settings_.proof_of_work == 0) {
    return 0;
  }
  forget_old_uses();
  const TimePoint now = clock_.now();
  Use& use = uses_[address.customer()];
  use.recent = faded(use.recent, now - use.counted_at) + 1;
  use.counted_at = now;
  const double more = std::floor(std::log2(std::max(1.0, use.recent / free_visits)) * 2);
  return std::min(most_work, settings_.proof_of_work + static_cast<std::uint32_t>(more));
}

void Gate::forget_old_uses() {
  if (uses_.size() < most_uses) {
    return;
  }
  const TimePoint now = clock_.now();
  std::erase_if(uses_,
                [&](const auto& entry) { return faded(entry.second.recent, now - entry.second.counted_at) < 1; });
  if (uses_.size() >= most_uses) {
    uses_.clear();  // a flood from everywhere: nobody is more guilty than another
  }
}

}  // namespace berth::core
