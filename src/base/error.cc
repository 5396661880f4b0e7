// SPDX-License-Identifier: Apache-2.0
#include "base/error.h"

#include <array>

namespace berth {
namespace {

constexpr std::array<std::pair<ErrorKind, std::string_view>, 11> kind_names = {{
    {ErrorKind::invalid_argument, "invalid_argument"},
    {ErrorKind::unauthenticated, "unauthenticated"},
    {ErrorKind::forbidden, "forbidden"},
    {ErrorKind::not_found, "not_found"},
    {ErrorKind::conflict, "conflict"},
    {ErrorKind::too_large, "too_large"},
    {ErrorKind::exhausted, "exhausted"},
    {ErrorKind::unavailable, "unavailable"},
    {ErrorKind::timed_out, "timed_out"},
    {ErrorKind::instance_fault, "instance_fault"},
    {ErrorKind::internal, "internal"},
}};

}  // namespace

std::string_view to_string(ErrorKind kind) {
  for (const auto& [value, name] : kind_names) {
    if (value == kind) {
      return name;
    }
  }
  return "internal";
}

ErrorKind error_kind_from(std::string_view name) {
  for (const auto& [value, kind_name] : kind_names) {
    if (kind_name == name) {
      return value;
    }
  }
  return ErrorKind::internal;
}

}  // namespace berth
