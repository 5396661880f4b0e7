// SPDX-License-Identifier: Apache-2.0
#include "agent/sftp_listing.h"

#include <array>
#include <cstdio>

#include "agent/users.h"

namespace berth::agent {
namespace {

constexpr std::size_t most_known = 1024;
constexpr std::size_t longest_name = 32;  // of a user or group
constexpr std::time_t half_a_year = 365 * 24 * 3600 / 2;

char type_letter(mode_t mode) {
  switch (mode & S_IFMT) {
    case S_IFDIR:
      return 'd';
    case S_IFLNK:
      return 'l';
    case S_IFCHR:
      return 'c';
    case S_IFBLK:
      return 'b';
    case S_IFIFO:
      return 'p';
    case S_IFSOCK:
      return 's';
    default:
      return '-';
  }
}

std::string mode_letters(mode_t mode) {
  std::string letters = " rwxrwxrwx";
  letters[0] = type_letter(mode);
  for (std::size_t bit = 0; bit < 9; ++bit) {
    if ((mode & (0400U >> bit)) == 0) {
      letters[1 + bit] = '-';
    }
  }
  const auto mark = [&](mode_t bit, std::size_t at, char executable, char not_executable) {
    if ((mode & bit) != 0) {
      letters[at] = letters[at] == 'x' ? executable : not_executable;
    }
  };
  mark(S_ISUID, 3, 's', 'S');
  mark(S_ISGID, 6, 's', 'S');
  mark(S_ISVTX, 9, 't', 'T');
  return letters;
}

// The time of day, or the year of what is old or of the future.
std::string date(std::time_t time, std::time_t now) {
  std::tm parts{};
  if (::localtime_r(&time, &parts) == nullptr) {
    return std::to_string(time);
  }
  const bool recent = time <= now && now - time < half_a_year;
  std::array<char, 32> text{};
  const std::size_t length = std::strftime(text.data(), text.size(), recent ? "%b %e %H:%M" : "%b %e  %Y", &parts);
  return {text.data(), length};
}

}  // namespace

const std::string& SftpNames::Names::name(std::uint32_t id, bool of_group) {
  if (const auto found = known.find(id); found != known.end()) {
    return found->second;
  }
  if (!text) {
    text = of_group ? load_group() : load_passwd();
  }
  if (known.size() >= most_known) {
    known.clear();
  }
  return known.emplace(id, find_name(id, *text).substr(0, longest_name)).first->second;
}

std::string listing_line(std::string_view name, const struct stat& status, std::time_t now, SftpNames& names) {
  const auto shown = [](const std::string& found, std::uint32_t id) {
    return found.empty() ? std::to_string(id) : found;
  };
  const std::string user = shown(names.user(status.st_uid), status.st_uid);
  const std::string group = shown(names.group(status.st_gid), status.st_gid);
  std::array<char, 256> line{};
  const int length =
      std::snprintf(line.data(), line.size(), "%s %3lu %-8s %-8s %8lld %s ", mode_letters(status.st_mode).c_str(),
                    static_cast<unsigned long>(status.st_nlink), user.c_str(), group.c_str(),
                    static_cast<long long>(status.st_size), date(status.st_mtime, now).c_str());
  return std::string(line.data(), static_cast<std::size_t>(length)).append(name);
}

}  // namespace berth::agent
