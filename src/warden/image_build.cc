// SPDX-License-Identifier: Apache-2.0
#include "warden/image_build.h"

#include <fcntl.h>
#include <unistd.h>

#include <charconv>
#include <cmath>

#include "warden/spawn.h"
#include "warden/system_error.h"

namespace berth::warden {
namespace {

constexpr Milliseconds build_limit = std::chrono::minutes(30);

void read_line(const std::string& name, std::string_view line, const ReportProgress& report) {
  if (const auto progress = parse_progress(line)) {
    report(*progress);
  } else if (!line.empty()) {
    log_line("recipe " + name + ": " + std::string(line));
  }
}

}  // namespace

std::optional<wire::Progress> parse_progress(std::string_view line) {
  constexpr std::string_view word = "progress ";
  if (!line.starts_with(word)) {
    return std::nullopt;
  }
  line.remove_prefix(word.size());
  wire::Progress progress;
  const auto [end, fault] = std::from_chars(line.data(), line.data() + line.size(), progress.fraction);
  if (fault != std::errc() || !(progress.fraction >= 0 && progress.fraction <= 1)) {
    return std::nullopt;
  }
  line.remove_prefix(static_cast<std::size_t>(end - line.data()));
  progress.note = line.starts_with(' ') ? line.substr(1, 200) : line.substr(0, 200);
  return progress;
}

void build_image(const path& program, const path& root, const ReportProgress& report) {
  const std::string name = program.parent_path().filename();
  int ends[2];
  check(::pipe2(ends, O_CLOEXEC), "make a pipe");
  const Descriptor reading(ends[0]);
  Descriptor writing(ends[1]);
  // In a process namespace of its own, so that ending it ends everything it started.
  Child child({.command = {"unshare", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc", program.string(),
                           root.string()},
               .descriptors = {{writing.get(), 1}, {writing.get(), 2}},
               .environment = {"HOME=/root"}});
  writing.reset();
  const auto deadline = std::chrono::steady_clock::now() + build_limit;
  std::string line;
  char buffer[4096];
  while (wait_readable(reading.get(), std::chrono::ceil<Milliseconds>(deadline - std::chrono::steady_clock::now()))) {
    const ssize_t got = ::read(reading.get(), buffer, sizeof buffer);
    if (got <= 0) {
      break;
    }
    for (const char character : std::string_view(buffer, static_cast<std::size_t>(got))) {
      if (character == '\n' || line.size() > 1000) {
        read_line(name, line, report);
        line.clear();
      } else {
        line += character;
      }
    }
  }
  if (child.wait(std::chrono::seconds(5)) != 0) {
    throw Error(ErrorKind::unavailable, "the recipe '" + name + "' failed; the warden's log says why");
  }
}

}  // namespace berth::warden
