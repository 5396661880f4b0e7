// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "warden/spawn.h"

namespace berth::warden {

// Work on hostile files is done by this program started once more, as a child that first gives up what it does not
// need. Its words are "berth-warden inner <work> <words…>"; its descriptors are named at each.
inline constexpr const char* inner_word = "inner";

// Such a child, with these descriptors (and one more, which names this program even after it was replaced on disk).
Program inner_program(const std::string& work, std::vector<std::string> words,
                      std::vector<std::pair<int, int>> descriptors);

// Runs the work named; the exit code for main().
int run_inner(const std::vector<std::string>& words);

// Gives up every capability but these, for ever, and new privileges by programs; no core files.
void keep_capabilities(const std::vector<int>& capabilities);

}  // namespace berth::warden
