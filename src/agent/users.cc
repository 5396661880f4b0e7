// SPDX-License-Identifier: Apache-2.0
#include "agent/users.h"

#include <algorithm>
#include <charconv>
#include <optional>

#include "agent/small_file.h"
#include "base/error.h"

namespace berth::agent {
namespace {

constexpr std::size_t most_groups = 1024;
constexpr std::size_t most_bytes = 1 << 20;

std::string_view next_part(std::string_view& rest, char separator) {
  const std::size_t end = rest.find(separator);
  const std::string_view part = rest.substr(0, end);
  rest = end == std::string_view::npos ? std::string_view() : rest.substr(end + 1);
  return part;
}

// The all-ones number means "no change" to the kernel, and is no id.
std::optional<std::uint32_t> read_id(std::string_view text) {
  std::uint32_t id = 0;
  const auto [end, fault] = std::from_chars(text.data(), text.data() + text.size(), id);
  if (fault != std::errc{} || end != text.data() + text.size() || id == UINT32_MAX) {
    return std::nullopt;
  }
  return id;
}

struct Entry {
  std::string_view name;
  std::uint32_t id = 0;
  std::string_view rest;
};

// Both files have lines of name:password:id:rest.
std::optional<Entry> read_entry(std::string_view line) {
  Entry entry;
  entry.name = next_part(line, ':');
  next_part(line, ':');
  const auto id = read_id(next_part(line, ':'));
  if (entry.name.empty() || !id) {
    return std::nullopt;
  }
  entry.id = *id;
  entry.rest = line;
  return entry;
}

// The first entry of that name, or else of that number.
std::optional<Entry> find_entry(std::string_view wanted, std::string_view text) {
  const auto number = read_id(wanted);
  std::optional<Entry> by_number;
  while (!text.empty()) {
    const auto entry = read_entry(next_part(text, '\n'));
    if (entry && entry->name == wanted) {
      return entry;
    }
    if (entry && !by_number && number == entry->id) {
      by_number = entry;
    }
  }
  return by_number;
}

[[noreturn]] void refuse(std::string_view what, std::string_view name) {
  throw Error(ErrorKind::not_found,
              "there is no " + std::string(what) + " '" + std::string(name.substr(0, 64)) + "' in this instance");
}

User find_passwd_user(std::string_view name, std::string_view passwd) {
  const auto entry = find_entry(name.empty() ? "0" : name, passwd);
  User user;
  if (entry) {
    user.name = entry->name;
    user.uid = entry->id;
    std::string_view rest = entry->rest;
    user.gid = read_id(next_part(rest, ':')).value_or(0);
    next_part(rest, ':');
    user.home = next_part(rest, ':');
    user.shell = next_part(rest, ':');
  } else if (const auto number = read_id(name); number) {
    user.name = name;
    user.uid = *number;
  } else if (!name.empty() && name != "root") {
    refuse("user", name);
  }
  user.home = user.home.starts_with('/') ? user.home : "/";
  user.shell = user.shell.starts_with('/') ? user.shell : "/bin/sh";
  return user;
}

void add_memberships(User& user, std::string_view group) {
  while (!group.empty() && user.groups.size() < most_groups) {
    const auto entry = read_entry(next_part(group, '\n'));
    std::string_view members = entry ? entry->rest : std::string_view();
    while (!members.empty()) {
      if (next_part(members, ',') == user.name) {
        user.groups.push_back(entry->id);
        break;
      }
    }
  }
}

}  // namespace

User find_user(std::string_view wanted, std::string_view passwd, std::string_view group) {
  std::string_view group_name = wanted;
  const std::string_view name = next_part(group_name, ':');
  User user = find_passwd_user(name, passwd);
  if (!group_name.empty()) {
    const auto found = find_entry(group_name, group);
    const auto number = read_id(group_name);
    if (!found && !number) {
      refuse("group", group_name);
    }
    user.gid = found ? found->id : *number;
  }
  user.groups.push_back(user.gid);
  add_memberships(user, group);
  return user;
}

User load_user(std::string_view wanted) { return find_user(wanted, load_passwd(), load_group()); }

std::string_view find_name(std::uint32_t id, std::string_view text) {
  while (!text.empty()) {
    const auto entry = read_entry(next_part(text, '\n'));
    if (entry && entry->id == id) {
      return entry->name;
    }
  }
  return {};
}

std::string load_passwd() { return read_small_file("/etc/passwd", most_bytes); }

std::string load_group() { return read_small_file("/etc/group", most_bytes); }

}  // namespace berth::agent
