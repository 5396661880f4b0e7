// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

namespace berth::cli {

// One line on a terminal that is drawn over while something long goes on, at most ten times a second, and taken away
// at the end. Silent when the descriptor is not a terminal.
class Progress {
 public:
  explicit Progress(int descriptor);
  ~Progress() { clear(); }
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  // With a total, a bar; without, what was done so far.
  void bytes(const std::string& label, std::uint64_t done, std::optional<std::uint64_t> total);
  // `part` is from 0 to 1.
  void part(const std::string& label, double part);
  void words(const std::string& label);
  void clear();

 private:
  using SteadyClock = std::chrono::steady_clock;

  bool due();
  void draw(const std::string& line);

  int descriptor_;
  bool on_ = false;
  bool drawn_ = false;
  SteadyClock::time_point started_ = SteadyClock::now();
  SteadyClock::time_point next_{};
};

// "label  [####----]  42 %  tail", at most `width` columns.
std::string progress_line(const std::string& label, std::optional<double> part, const std::string& tail,
                          std::size_t width);

}  // namespace berth::cli
