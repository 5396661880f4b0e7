// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "runtimes/fake/fake_disk.h"
#include "wire/agent_protocol.h"

namespace berth::runtimes::fake {

// What a fake program sees of its session.
struct ProgramConsole {
  std::string input;  // what it has not taken yet
  bool input_ended = false;
  std::optional<wire::WindowSize> resized;  // since it ran last
  std::vector<std::pair<wire::Stream, std::string>> output;

  void print(std::string_view text) { output.emplace_back(wire::Stream::standard_output, text); }
  void complain(std::string_view text) { output.emplace_back(wire::Stream::standard_error, text); }
};

// Goes on as far as it can and says how it ended, if it did. It is run again when anything of the console changed, or
// when all it printed was taken.
using FakeProgram = std::function<std::optional<wire::SessionExit>(ProgramConsole&)>;

// What a program may touch beside its console.
struct ProgramSurroundings {
  FakeDisk& disk;                                          // of its instance; outlives the program
  std::function<void(std::uint16_t port)> listen_as_echo;  // a listener that returns what it is sent
};

// The program of a request. Throws Error{not_found} when there is no such command: known are
//   true · false · echo WORDS · cat · exit N · stderr TEXT · count N · env · wait (until a signal)
//   nc -lk -p PORT -e cat (an echo service) · any terminal (echoes; "exit N" ends it; says "resized CxR")
FakeProgram make_program(const wire::OpenSession& request, const ProgramSurroundings& surroundings);

}  // namespace berth::runtimes::fake
