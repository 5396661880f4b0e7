// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <utility>

namespace berth {

// A value that must not be printed or logged: it has no stream operator and no implicit conversion.
class Secret {
 public:
  Secret() = default;
  explicit Secret(std::string value) : value_(std::move(value)) {}
  // The value itself, at the one place that needs it.
  const std::string& reveal() const { return value_; }
  // Compares in constant time for equal lengths.
  bool equals(std::string_view other) const;

 private:
  std::string value_;
};

// A new token of 160 random bits: "berth_" and 32 characters of [a-z2-7].
Secret make_token();
// SHA-256 of a token in hexadecimal: what the store keeps. Tokens are random, so no salt and no slow hash is needed.
std::string hash_token(const Secret& token);

// Writes `secret` and a newline to `path` with mode 0600, replacing it atomically. Throws Error{unavailable}.
void write_secret_file(const std::filesystem::path& path, const Secret& secret);
// Reads a secret from a file, without the trailing newline. Throws Error{not_found} or Error{unavailable}.
Secret read_secret_file(const std::filesystem::path& path);

}  // namespace berth
