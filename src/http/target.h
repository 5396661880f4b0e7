// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace berth::http {

// A request target, decoded. Path and queries are valid UTF-8 without NUL.
struct Target {
  std::string path;
  std::vector<std::pair<std::string, std::string>> queries;
};

// Reads "/path?name=value&..." or "http://host/path?..." or "*" (RFC 9112, 3.2). Throws Error{invalid_argument} for bad
// escapes, control characters, encoded slashes, "." and ".." segments, fragments and more than 100 parameters.
Target parse_target(std::string_view target);

// The value of a cookie in the value of a Cookie header (RFC 6265, 4.2.1), without quotes; the first of that name.
std::optional<std::string> find_cookie(std::string_view header, std::string_view name);

// RFC 3629: no overlong forms, no surrogates, nothing beyond U+10FFFF.
bool is_utf8(std::string_view text);

}  // namespace berth::http
