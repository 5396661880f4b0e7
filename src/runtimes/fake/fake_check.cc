// SPDX-License-Identifier: Apache-2.0
#include "runtimes/fake/fake_check.h"

#include <charconv>
#include <optional>
#include <string_view>

namespace berth::runtimes::fake {
namespace {

using core::CheckEnd;
using core::CheckReport;

std::uint32_t number_in(std::string_view text) {
  std::uint32_t number = 0;
  std::from_chars(text.data(), text.data() + text.size(), number);
  return number;
}

// What follows `word` and a space in the line.
std::optional<std::string_view> after(std::string_view line, std::string_view word) {
  if (line.starts_with(word)) {
    return line.substr(word.size());
  }
  return std::nullopt;
}

void show_file(const FakeDisk& disk, const core::CheckSpec& spec, std::string_view path, CheckReport& report) {
  const std::string_view root = spec.inside ? "" : "/machine";
  const auto name = after(path, root);
  const auto file = name ? disk.find(std::string(*name)) : disk.end();
  report.code = file == disk.end() ? 1 : 0;
  if (file == disk.end()) {
    report.errors += "cat: " + std::string(path) + ": No such file or directory\n";
  } else {
    report.output += file->second;
  }
}

// False: the script ends with this line.
bool run_line(const FakeDisk& disk, const core::CheckSpec& spec, std::string_view line, CheckReport& report) {
  if (line.empty() || line.starts_with('#')) {
    return true;
  }
  if (const auto words = after(line, "echo ")) {
    report.output += std::string(*words) + "\n";
    report.code = 0;
  } else if (const auto path = after(line, "cat ")) {
    show_file(disk, spec, *path, report);
  } else if (const auto code = after(line, "exit ")) {
    report.code = static_cast<int>(number_in(*code));
    return false;
  } else if (const auto signal = after(line, "kill -")) {
    report.end = CheckEnd::killed;
    report.code = static_cast<int>(number_in(*signal));
    return false;
  } else if (const auto seconds = after(line, "sleep ")) {
    report.code = 0;
    if (number_in(*seconds) >= spec.seconds) {
      report.end = CheckEnd::timed_out;
      return false;
    }
  } else {
    report.errors += std::string(line) + ": not found\n";
    report.code = 127;
  }
  return true;
}

}  // namespace

CheckReport run_fake_check(const FakeDisk& disk, const core::CheckSpec& spec, const std::string& script) {
  CheckReport report;
  std::string_view rest = script;
  for (bool goes_on = true; goes_on && !rest.empty();) {
    const std::string_view line = rest.substr(0, rest.find('\n'));
    rest.remove_prefix(std::min(line.size() + 1, rest.size()));
    goes_on = run_line(disk, spec, line, report);
  }
  report.output.resize(std::min(report.output.size(), wire::longest_check_output));
  report.errors.resize(std::min(report.errors.size(), wire::longest_check_output));
  return report;
}

}  // namespace berth::runtimes::fake
