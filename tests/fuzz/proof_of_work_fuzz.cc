// SPDX-License-Identifier: Apache-2.0
// The answer to a proof of work. Beyond not crashing: it counts exactly when it is a nonce as the scheme describes it
// and libsodium's SHA-256, looked at bit by bit, has the zero bits; and more bits are never easier than fewer.

#include <sodium.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "core/proof_of_work.h"

namespace {

using namespace berth::core;

void demand(bool holds) {
  if (!holds) {
    std::abort();
  }
}

bool is_nonce(std::string_view answer) {
  return !answer.empty() && answer.size() <= 64 &&
         std::ranges::all_of(answer, [](char character) { return character >= '!' && character <= '~'; });
}

std::uint32_t zero_bits(const std::string& text) {
  std::array<unsigned char, crypto_hash_sha256_BYTES> digest{};
  crypto_hash_sha256(digest.data(), reinterpret_cast<const unsigned char*>(text.data()), text.size());
  std::uint32_t bits = 0;
  while (bits < 256 && (digest[bits / 8] >> (7 - bits % 8) & 1) == 0) {
    ++bits;
  }
  return bits;
}

void check(const WorkChallenge& challenge, std::string_view answer) {
  const std::uint32_t bits = zero_bits(challenge.salt + " " + std::string(answer));
  for (const std::uint32_t wanted : {0U, 1U, bits, bits + 1, most_work}) {
    demand(is_solved({challenge.salt, wanted}, answer) == (is_nonce(answer) && bits >= wanted));
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  const std::string_view answer(reinterpret_cast<const char*>(bytes), size);
  const WorkChallenge challenge{.salt = "abcdefghijklmnopqrstuvwxyz", .bits = 0};
  check(challenge, answer);
  std::string printable(answer.substr(0, longest_nonce));
  std::ranges::transform(printable, printable.begin(),
                         [](unsigned char character) { return static_cast<char>(33 + character % 94); });
  check(challenge, printable);
  return 0;
}
