// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <boost/describe.hpp>
#include <cstdint>
#include <string>
#include <vector>

namespace berth::warden {

// One check, as the warden asks its check helper for it. With it come descriptors, in this order: a socket for the
// answers, the script's output, its errors, the script, the instance's user namespace, and the processes (pidfds) whose
// file systems it sees: the instance's, then that of each of `machines`.
//
// The answers are lines, one a packet: "begun" with a pidfd whose end ends the check, then "exited CODE",
// "killed SIGNAL" or "fault SENTENCE".
struct CheckOrder {
  bool inside = false;
  std::vector<std::string> layers;    // the folders of the image it runs over, the topmost first
  std::vector<std::string> machines;  // names
  std::vector<std::string> cgroups;   // of the instance, for a check inside
  std::uint32_t first_uid = 0;        // of the instance's range
  std::uint32_t processes = 0;        // how many the instance may have
  std::uint32_t seconds = 0;
};
BOOST_DESCRIBE_STRUCT(CheckOrder, (), (inside, layers, machines, cgroups, first_uid, processes, seconds))

inline constexpr std::size_t check_descriptors = 6;  // and one for each of `machines`

}  // namespace berth::warden
