// SPDX-License-Identifier: Apache-2.0
#include "warden/instance_record.h"

#include <charconv>

#include "base/described.h"
#include "warden/spawn.h"
#include "warden/system_error.h"

namespace berth::warden {
namespace {

std::string boot_id() {
  std::string id = read_file("/proc/sys/kernel/random/boot_id", 64);
  return id.substr(0, id.find('\n'));
}

// Field 22 of /proc/<pid>/stat (proc(5)); the second is a program's name in parentheses and may hold anything.
std::optional<std::uint64_t> start_time(pid_t pid) {
  const auto text = read_file_if_there("/proc/" + std::to_string(pid) + "/stat", 4096);
  if (!text) {
    return std::nullopt;
  }
  std::size_t at = text->rfind(')');
  for (int field = 2; field < 22 && at != std::string::npos; ++field) {
    at = text->find(' ', at + 1);
  }
  std::uint64_t ticks = 0;
  if (at == std::string::npos ||
      std::from_chars(text->data() + at + 1, text->data() + text->size(), ticks).ec != std::errc()) {
    return std::nullopt;
  }
  return ticks;
}

}  // namespace

std::optional<InstanceRecord> load_record(const path& file) {
  const std::optional<std::string> text = read_file_if_there(file);
  if (!text) {
    return std::nullopt;
  }
  try {
    return read_json<InstanceRecord>(parse_json(*text), Missing::keeps_default);
  } catch (const Error& fault) {
    log_line("the record in " + file.parent_path().filename().string() + " is not readable: " + fault.what());
    return std::nullopt;
  }
}

void save_record(const path& file, const InstanceRecord& record) {
  replace_file(file, print_json(to_json(record)) + "\n");
}

ProcessRecord describe_process(pid_t pid) {
  const std::optional<std::uint64_t> ticks = start_time(pid);
  if (!ticks) {
    throw Error(ErrorKind::unavailable, "the instance ended while it was started");
  }
  return {pid, *ticks, boot_id()};
}

Descriptor find_process(const ProcessRecord& process) {
  if (process.boot != boot_id()) {
    return {};
  }
  Descriptor found = open_process(process.pid);
  // Asked after the descriptor was opened: the number cannot pass to another process in between unnoticed.
  if (!found || start_time(process.pid) != process.start_time || wait_readable(found.get(), Milliseconds{0})) {
    return {};
  }
  return found;
}

}  // namespace berth::warden
