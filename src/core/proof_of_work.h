// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/clock.h"

namespace berth::core {

// The scheme is hashcash's (Back, 2002) with SHA-256. We send one line, "berth-work 1 SALT BITS\n". The client answers
// with one line, "NONCE\n", so that SHA-256(SALT " " NONCE) begins with BITS zero bits; NONCE has 1 to 64 printable
// characters without spaces. The salt is new for each connection, so an answer is worth nothing elsewhere.
// web/public/berth-work.py solves it.

inline constexpr std::uint32_t most_work = 32;
inline constexpr std::size_t longest_nonce = 64;
inline constexpr Seconds work_limit{120};

struct WorkChallenge {
  std::string salt;
  std::uint32_t bits = 0;

  std::string line() const;
};

WorkChallenge new_challenge(std::uint32_t bits);
// `answer` without its line end.
bool is_solved(const WorkChallenge& challenge, std::string_view answer);

}  // namespace berth::core
