// SPDX-License-Identifier: Apache-2.0
#include "core/proof_of_work.h"

#include <algorithm>
#include <bit>

#include "base/ids.h"
#include "base/secret.h"

namespace berth::core {
namespace {

std::uint32_t value_of(char digit) { return static_cast<std::uint32_t>(digit <= '9' ? digit - '0' : digit - 'a' + 10); }

// Of a number in hexadecimal.
std::uint32_t leading_zero_bits(std::string_view digits) {
  std::uint32_t bits = 0;
  for (const char digit : digits) {
    const std::uint32_t value = value_of(digit);
    if (value != 0) {
      return bits + static_cast<std::uint32_t>(std::countl_zero(value)) - 28;
    }
    bits += 4;
  }
  return bits;
}

}  // namespace

std::string WorkChallenge::line() const { return "berth-work 1 " + salt + " " + std::to_string(bits) + "\n"; }

WorkChallenge new_challenge(std::uint32_t bits) { return {random_name(26), bits}; }

bool is_solved(const WorkChallenge& challenge, std::string_view answer) {
  const bool printable =
      std::ranges::all_of(answer, [](char character) { return character > ' ' && character < 0x7f; });
  if (answer.empty() || answer.size() > longest_nonce || !printable) {
    return false;
  }
  return leading_zero_bits(hash_token(Secret(challenge.salt + " " + std::string(answer)))) >= challenge.bits;
}

}  // namespace berth::core
