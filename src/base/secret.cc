// SPDX-License-Identifier: Apache-2.0
#include "base/secret.h"

#include <fcntl.h>
#include <sodium.h>
#include <sys/stat.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <iterator>

#include "base/descriptor.h"
#include "base/error.h"
#include "base/ids.h"

namespace berth {

bool Secret::equals(std::string_view other) const {
  return value_.size() == other.size() && sodium_memcmp(value_.data(), other.data(), value_.size()) == 0;
}

Secret make_token() { return Secret("berth_" + random_name(32)); }

std::string hash_token(const Secret& token) {
  std::array<unsigned char, crypto_hash_sha256_BYTES> digest{};
  const std::string& text = token.reveal();
  crypto_hash_sha256(digest.data(), reinterpret_cast<const unsigned char*>(text.data()), text.size());
  std::array<char, crypto_hash_sha256_BYTES * 2 + 1> hexadecimal{};
  sodium_bin2hex(hexadecimal.data(), hexadecimal.size(), digest.data(), digest.size());
  return hexadecimal.data();
}

void write_secret_file(const std::filesystem::path& path, const Secret& secret) {
  const std::string temporary = path.string() + ".new";
  const auto fail = [&](const char* doing) {
    throw Error(ErrorKind::unavailable,
                std::string("cannot ") + doing + " " + path.string() + ": " + std::strerror(errno));
  };
  Descriptor file(::open(temporary.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600));
  if (!file || ::fchmod(file.get(), 0600) != 0) {
    fail("write");
  }
  const std::string text = secret.reveal() + "\n";
  if (::write(file.get(), text.data(), text.size()) != static_cast<ssize_t>(text.size()) || ::fsync(file.get()) != 0) {
    fail("write");
  }
  if (std::rename(temporary.c_str(), path.c_str()) != 0) {
    fail("replace");
  }
}

Secret read_secret_file(const std::filesystem::path& path) {
  std::ifstream file(path);
  if (!file) {
    throw Error(errno == ENOENT ? ErrorKind::not_found : ErrorKind::unavailable,
                "cannot read " + path.string() + ": " + std::strerror(errno));
  }
  std::string text{std::istreambuf_iterator<char>(file), {}};
  while (!text.empty() && (text.back() == '\n' || text.back() == '\r')) {
    text.pop_back();
  }
  return Secret(std::move(text));
}

}  // namespace berth
