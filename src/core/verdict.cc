// SPDX-License-Identifier: Apache-2.0
#include "core/verdict.h"

#include <algorithm>
#include <string_view>

#include "core/plain_text.h"

namespace berth::core {
namespace {

constexpr std::string_view spaces = " \t\r\n";

std::string_view trimmed(std::string_view text) {
  text.remove_prefix(std::min(text.find_first_not_of(spaces), text.size()));
  return text.substr(0, text.find_last_not_of(spaces) + 1);
}

std::string_view take_line(std::string_view& text) {
  const std::string_view line = text.substr(0, text.find('\n'));
  text.remove_prefix(std::min(line.size() + 1, text.size()));
  return line;
}

std::string reason_of(std::string_view rest_of_line, std::string_view below) {
  std::string_view reason = trimmed(rest_of_line);
  if (reason.empty()) {
    reason = trimmed(take_line(below));
  }
  return plain_text(reason);
}

std::string complaint_of(const CheckReport& report) {
  std::string_view errors = trimmed(report.errors);
  const std::string_view last = errors.substr(errors.find_last_of('\n') + 1);
  return last.empty() ? "" : ": " + plain_text(last);
}

}  // namespace

Judgement judge(const CheckReport& report, const LabCheck& check) {
  switch (report.end) {
    case wire::CheckEnd::timed_out:
      return {Verdict::fault, "the check did not finish within " + std::to_string(check.seconds) + " seconds"};
    case wire::CheckEnd::killed:
      return {Verdict::fault, "the check was ended by signal " + std::to_string(report.code)};
    case wire::CheckEnd::exited:
      break;
  }
  std::string_view below = report.output;
  const std::string_view line = take_line(below);
  const std::string_view word = line.substr(0, line.find_first_of(spaces));
  if (word == "OK" || word == "NO") {
    const std::string reason = check.reveal ? reason_of(line.substr(word.size()), below) : "";
    return {word == "OK" ? Verdict::solved : Verdict::not_yet, reason};
  }
  return {Verdict::fault,
          "the check said neither OK nor NO; it ended with code " + std::to_string(report.code) + complaint_of(report)};
}

}  // namespace berth::core
