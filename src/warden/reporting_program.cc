// SPDX-License-Identifier: Apache-2.0
#include "warden/reporting_program.h"

#include <fcntl.h>
#include <unistd.h>

#include <charconv>
#include <csignal>

#include "warden/system_error.h"

namespace berth::warden {
namespace {

constexpr std::string_view progress_word = "progress ";
constexpr std::string_view fault_word = "fault ";
constexpr std::size_t longest_line = 1000;
constexpr Milliseconds check_interval{200};

std::optional<Error> parse_fault(std::string_view line) {
  if (!line.starts_with(fault_word)) {
    return std::nullopt;
  }
  line.remove_prefix(fault_word.size());
  const std::size_t space = line.find(' ');
  if (space == std::string_view::npos) {
    return std::nullopt;
  }
  return Error(error_kind_from(line.substr(0, space)), std::string(line.substr(space + 1)));
}

// Cuts what was read into lines.
class Lines {
 public:
  explicit Lines(std::function<void(std::string_view)> take) : take_(std::move(take)) {}
  void add(std::string_view text) {
    for (const char character : text) {
      if (character != '\n' && line_.size() < longest_line) {
        line_ += character;
      } else if (character == '\n') {
        end();
      }
    }
  }
  void end() {
    if (!line_.empty()) {
      take_(line_);
      line_.clear();
    }
  }

 private:
  std::function<void(std::string_view)> take_;
  std::string line_;
};

// The signals that ask this program to end are blocked and taken off by nobody (program.cc), so they stay pending.
bool is_asked_to_end() {
  sigset_t pending;
  return ::sigpending(&pending) == 0 && (::sigismember(&pending, SIGTERM) == 1 || ::sigismember(&pending, SIGINT) == 1);
}

// Reads until the other end is closed or the limit is over.
void read_lines(const Descriptor& from, const ReportingProgram& reporting, Lines& lines) {
  const auto deadline = std::chrono::steady_clock::now() + reporting.limit;
  char buffer[4096];
  while (std::chrono::steady_clock::now() < deadline) {
    if (is_asked_to_end()) {
      throw Error(ErrorKind::unavailable, reporting.name + " was ended: berth-warden is stopping");
    }
    if (reporting.check) {
      reporting.check();
    }
    if (!wait_readable(from.get(), check_interval)) {
      continue;
    }
    const ssize_t got = ::read(from.get(), buffer, sizeof buffer);
    if (got <= 0) {
      return;
    }
    lines.add({buffer, static_cast<std::size_t>(got)});
  }
}

}  // namespace

std::optional<wire::Progress> parse_progress(std::string_view line) {
  if (!line.starts_with(progress_word)) {
    return std::nullopt;
  }
  line.remove_prefix(progress_word.size());
  wire::Progress progress;
  const auto [end, fault] = std::from_chars(line.data(), line.data() + line.size(), progress.fraction);
  if (fault != std::errc() || !(progress.fraction >= 0 && progress.fraction <= 1)) {
    return std::nullopt;
  }
  line.remove_prefix(static_cast<std::size_t>(end - line.data()));
  progress.note = line.starts_with(' ') ? line.substr(1, 200) : line.substr(0, 200);
  return progress;
}

void run_reporting(const ReportingProgram& reporting, const ReportProgress& report) {
  int ends[2];
  check(::pipe2(ends, O_CLOEXEC), "make a pipe");
  const Descriptor reading(ends[0]);
  Descriptor writing(ends[1]);
  Program program = reporting.program;
  program.command.insert(program.command.begin(),
                         {"unshare", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc"});
  program.descriptors.emplace_back(writing.get(), 1);
  program.descriptors.emplace_back(writing.get(), 2);
  Child child(program);
  writing.reset();
  std::optional<Error> fault;
  Lines lines([&](std::string_view line) {
    if (const auto progress = parse_progress(line)) {
      report(*progress);
    } else if (auto reported = parse_fault(line)) {
      fault = std::move(reported);
    } else {
      log_line(reporting.name + ": " + std::string(line));
    }
  });
  read_lines(reading, reporting, lines);
  lines.end();
  const int code = child.wait(std::chrono::seconds(5));
  if (fault) {
    throw *fault;
  }
  if (code != 0) {
    throw Error(reporting.failure, reporting.name + " failed; the warden's log says why");
  }
}

}  // namespace berth::warden
