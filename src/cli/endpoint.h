// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

namespace berth::cli {

inline constexpr std::string_view default_url = "http://127.0.0.1:8080";

// Where a Berth server answers.
struct Endpoint {
  bool tls = false;
  std::string host;
  std::string port;
  std::string base_path;  // before /api/v1; empty or "/…" without a slash at the end

  // "https://berth.example.org:8443/base", without the port that the scheme implies.
  std::string url() const;
  // The Host header.
  std::string authority() const;
  bool is_loopback() const;
  bool operator==(const Endpoint&) const = default;
};

// Reads http://… or https://…; throws Error{invalid_argument}.
Endpoint parse_endpoint(std::string_view url);

// A one-time login link in its parts. Either may be empty, not both.
struct LoginLink {
  std::string url;   // of the server
  std::string code;  // after "#code="
};

// Reads a whole link, the URL of a server, or a bare code. Throws Error{invalid_argument}.
LoginLink parse_login_link(std::string_view text);

// Percent-encodes everything but unreserved characters, for one path segment or one query value.
std::string encode_component(std::string_view text);

}  // namespace berth::cli
