// SPDX-License-Identifier: Apache-2.0
#pragma once

// What is asked with a check and what is told of it: see warden_protocol.h.

#include <boost/describe.hpp>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace berth::wire {

// A machine that a check sees at /machines/NAME; the one it is about may be among them.
struct CheckMachine {
  std::string name;
  std::string id;
};
BOOST_DESCRIBE_STRUCT(CheckMachine, (), (name, id))

// How a script looks at an instance. Outside: in a sandbox that the instance can neither see nor touch, over the
// instance's image as it was committed, with the live file system read-only at /machine. Inside: among the instance's
// own processes and files, where root can make it say anything.
struct CheckSpec {
  bool inside = false;
  std::uint32_t seconds = 30;
  std::vector<CheckMachine> machines;  // of an outside check, at most most_machines
};
BOOST_DESCRIBE_STRUCT(CheckSpec, (), (inside, seconds, machines))

inline constexpr std::size_t longest_check = 64 * 1024;        // bytes of a script
inline constexpr std::size_t longest_check_output = 4 * 1024;  // kept of each of its outputs
inline constexpr std::uint32_t most_check_seconds = 300;

enum class CheckEnd { exited, killed, timed_out };
BOOST_DESCRIBE_ENUM(CheckEnd, exited, killed, timed_out)

struct CheckReport {
  CheckEnd end = CheckEnd::exited;
  int code = 0;        // its exit code; the number of the signal that killed it
  std::string output;  // the beginning of its standard output
  std::string errors;  // of its standard error
};
BOOST_DESCRIBE_STRUCT(CheckReport, (), (end, code, output, errors))

}  // namespace berth::wire
