// SPDX-License-Identifier: Apache-2.0
#include "warden/validate.h"

#include <algorithm>
#include <set>

#include "base/described.h"
#include "base/error.h"
#include "base/ids.h"

namespace berth::warden {
namespace {

[[noreturn]] void refuse(const std::string& field, const std::string& rule) {
  throw Error(ErrorKind::invalid_argument, "'" + field + "' " + rule, field);
}

void check_number(const std::string& field, std::uint64_t value, std::uint64_t least, std::uint64_t most) {
  if (value < least || value > most) {
    refuse(field, "must be from " + std::to_string(least) + " to " + std::to_string(most));
  }
}

bool is_host_name(const std::string& text) {
  const auto is_letter_or_digit = [](char character) {
    return (character >= 'a' && character <= 'z') || (character >= 'A' && character <= 'Z') ||
           (character >= '0' && character <= '9');
  };
  return !text.empty() && text.size() <= 63 && text.front() != '-' && text.back() != '-' &&
         std::ranges::all_of(text, [&](char character) { return is_letter_or_digit(character) || character == '-'; });
}

// Of a machine in a private network: a host name in lower case.
bool is_machine_name(const std::string& text) {
  return is_host_name(text) &&
         std::ranges::none_of(text, [](char character) { return character >= 'A' && character <= 'Z'; });
}

struct Fields {
  bool version = false;
  bool id = false;
  bool name = false;
  bool port = false;
  bool form = false;
  bool spec = false;
  bool check = false;
};

Fields fields_of(wire::Operation operation) {
  using enum wire::Operation;
  switch (operation) {
    case hello:
      return {.version = true};
    case create:
      return {.id = true, .spec = true};
    case connect:
      return {.id = true, .port = true};
    case stop:
    case destroy:
    case pause:
    case resume:
    case usage:
    case agent:
    case export_disk:
      return {.id = true};
    case import_image:
      return {.name = true, .form = true};
    case build_image:
    case remove_image:
      return {.name = true};
    case commit_image:
      return {.id = true, .name = true};
    case check:
      return {.id = true, .check = true};
    case list:
    case watch:
    case list_images:
      return {};
  }
  return {};
}

template <class Field>
void check_presence(const char* name, bool wanted, const std::optional<Field>& field) {
  if (wanted && !field) {
    refuse(name, "is missing");
  }
  if (!wanted && field) {
    refuse(name, "is not a field of this operation");
  }
}

// They become arguments of the agent: no zero byte, and nothing that it could take for an option.
void check_words(const wire::InstanceSpec& spec) {
  std::size_t size = 0;
  for (const std::string& word : spec.command) {
    size += word.size() + 1;
    if (word.find('\0') != std::string::npos) {
      refuse("spec.command", "must not contain a zero byte");
    }
  }
  if (size > wire::longest_command || (!spec.command.empty() && spec.command.front().empty())) {
    refuse("spec.command", "must have a program and at most 16 KiB");
  }
  const bool plain =
      std::ranges::all_of(spec.service_user, [](char character) { return character > ' ' && character < 0x7f; });
  if (spec.service_user.size() > 128 || spec.service_user.starts_with('-') || !plain) {
    refuse("spec.service_user", "must be a name or number, at most 128 characters");
  }
}

// Names become lines of /etc/hosts, and the network's a file's.
void check_network(const wire::MachineNetwork& network) {
  const auto is_plain = [](char character) {
    return (character >= 'a' && character <= 'z') || (character >= '0' && character <= '9') || character == '-';
  };
  if (network.name.empty() || network.name.size() > 64 || !std::ranges::all_of(network.name, is_plain)) {
    refuse("spec.network.name", "must be 1 to 64 of a-z, 0-9 and dashes");
  }
  const std::vector<std::string>& machines = network.machines;
  const bool good = std::ranges::all_of(machines, is_machine_name) && std::ranges::count(machines, "localhost") == 0;
  if (!good || machines.size() > wire::most_machines ||
      std::set<std::string>(machines.begin(), machines.end()).size() != machines.size()) {
    refuse("spec.network.machines", "must be at most 8 different host names in lower case");
  }
  if (network.position >= machines.size()) {
    refuse("spec.network.position", "must be that of one of the machines");
  }
}

}  // namespace

void check_id(const std::string& id) {
  if (!is_name(id)) {
    refuse("id", "must be a lower-case name of at most 64 characters");
  }
}

void check_image_name(const std::string& name) {
  if (!is_name(name)) {
    refuse("name", "must be a lower-case name of at most 64 characters");
  }
}

void check_check(const wire::CheckSpec& check) {
  check_number("check.seconds", check.seconds, 1, wire::most_check_seconds);
  if (check.machines.size() > wire::most_machines || (check.inside && !check.machines.empty())) {
    refuse("check.machines", "must be at most 8 machines, and none of a check inside");
  }
  for (const wire::CheckMachine& machine : check.machines) {
    if (!is_machine_name(machine.name) || !is_name(machine.id)) {
      refuse("check.machines", "must be machines with lower-case names, each with the id of its instance");
    }
  }
}

void check_spec(const wire::InstanceSpec& spec) {
  if (!is_name(spec.image)) {
    refuse("spec.image", "must be a lower-case name of at most 64 characters");
  }
  if (!is_host_name(spec.hostname)) {
    refuse("spec.hostname", "must be 1 to 63 letters, digits and dashes, and not begin or end with a dash");
  }
  check_number("spec.cpu_percent", spec.cpu_percent, 1, 102'400);
  check_number("spec.memory", spec.memory.count, (8_MiB).count, (16384_GiB).count);
  check_number("spec.processes", spec.processes, 8, 1'000'000);
  check_number("spec.open_files", spec.open_files, 64, 1'048'576);
  const bool on_disk = spec.disk_kind == wire::DiskKind::disk;
  check_number("spec.disk", spec.disk.count, on_disk ? (16_MiB).count : (1_MiB).count, (16384_GiB).count);
  check_number("spec.inodes", spec.inodes, 64, 100'000'000);
  check_number("spec.egress_kilobits", spec.egress_kilobits, 64, 100'000'000);
  check_words(spec);
  if (spec.network) {
    check_network(*spec.network);
  }
}

void check_request(const wire::Request& request) {
  const Fields fields = fields_of(request.operation);
  check_presence("version", fields.version, request.version);
  check_presence("id", fields.id, request.id);
  check_presence("name", fields.name, request.name);
  check_presence("port", fields.port, request.port);
  check_presence("form", fields.form, request.form);
  check_presence("spec", fields.spec, request.spec);
  check_presence("check", fields.check, request.check);
  if (request.id) {
    check_id(*request.id);
  }
  if (request.name) {
    check_image_name(*request.name);
  }
  if (request.port) {
    check_number("port", *request.port, 1, 65'535);
  }
  if (request.spec) {
    check_spec(*request.spec);
  }
  if (request.check) {
    check_check(*request.check);
  }
}

}  // namespace berth::warden
