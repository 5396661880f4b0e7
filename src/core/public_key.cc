// SPDX-License-Identifier: Apache-2.0
#include "core/public_key.h"

#include <algorithm>
#include <array>
#include <bit>
#include <optional>
#include <utility>

#include "base/base64.h"
#include "base/error.h"
#include "base/secret.h"

namespace berth::core {
namespace {

constexpr std::size_t longest_line = 16'384;
constexpr std::size_t least_rsa_bits = 2048;
constexpr std::size_t most_rsa_bits = 16'384;

[[noreturn]] void refuse(const std::string& why) { throw Error(ErrorKind::invalid_argument, why, "key"); }
[[noreturn]] void refuse_broken() { refuse("the key is cut off or damaged; copy the whole line of the .pub file"); }

// Takes strings (RFC 4251 section 5) off the front of a blob.
class Reader {
 public:
  explicit Reader(std::string_view rest) : rest_(rest) {}
  std::string_view string() {
    if (rest_.size() < 4) {
      refuse_broken();
    }
    std::size_t length = 0;
    for (const char byte : rest_.substr(0, 4)) {
      length = length << 8 | static_cast<unsigned char>(byte);
    }
    if (length > rest_.size() - 4) {
      refuse_broken();
    }
    const std::string_view taken = rest_.substr(4, length);
    rest_.remove_prefix(4 + length);
    return taken;
  }
  bool at_end() const { return rest_.empty(); }

 private:
  std::string_view rest_;
};

struct Curve {
  std::string_view name;
  std::size_t point;  // bytes of an uncompressed point
};
constexpr std::array curves = {Curve{"nistp256", 65}, Curve{"nistp384", 97}, Curve{"nistp521", 133}};
constexpr std::string_view curve_prefix = "ecdsa-sha2-";

// Bits of a positive multiple precision integer.
std::size_t bits_of(std::string_view number) {
  if (!number.empty() && (static_cast<unsigned char>(number.front()) & 0x80U) != 0) {
    refuse_broken();
  }
  while (!number.empty() && number.front() == '\0') {
    number.remove_prefix(1);
  }
  return number.empty() ? 0 : (number.size() - 1) * 8 + std::bit_width(static_cast<unsigned char>(number.front()));
}

void check_rsa(Reader& reader) {
  const std::size_t exponent = bits_of(reader.string());
  const std::size_t bits = bits_of(reader.string());
  if (exponent < 2 || exponent > 64 || bits > most_rsa_bits) {
    refuse_broken();
  }
  if (bits < least_rsa_bits) {
    refuse("an RSA key needs at least 2048 bits, this one has " + std::to_string(bits) +
           "; make a better one with: ssh-keygen -t ed25519");
  }
}

void check_curve(std::string_view type, Reader& reader) {
  type.remove_prefix(curve_prefix.size());
  const auto* const curve = std::ranges::find(curves, type, &Curve::name);
  if (curve == curves.end() || reader.string() != curve->name) {
    refuse_broken();
  }
  const std::string_view point = reader.string();
  if (point.size() != curve->point || point.front() != 4) {
    refuse_broken();
  }
}

void check_content(std::string_view type, Reader& reader) {
  if (type == "ssh-ed25519") {
    if (reader.string().size() != 32) {
      refuse_broken();
    }
  } else if (type == "ssh-rsa") {
    check_rsa(reader);
  } else if (type.starts_with(curve_prefix)) {
    check_curve(type, reader);
  } else {
    refuse("keys of this type are not taken; make one with: ssh-keygen -t ed25519");
  }
  if (!reader.at_end()) {
    refuse_broken();
  }
}

std::string_view next_word(std::string_view& line) {
  const std::size_t begin = std::min(line.find_first_not_of(" \t"), line.size());
  const std::size_t end = std::min(line.find_first_of(" \t", begin), line.size());
  const std::string_view word = line.substr(begin, end - begin);
  line.remove_prefix(end);
  return word;
}

std::string_view trimmed(std::string_view text) {
  const std::size_t begin = text.find_first_not_of(" \t\r\n");
  if (begin == std::string_view::npos) {
    return {};
  }
  return text.substr(begin, text.find_last_not_of(" \t\r\n") - begin + 1);
}

}  // namespace

PublicKey check_public_key(std::string blob) {
  Reader reader(blob);
  const std::string type(reader.string());
  check_content(type, reader);
  return {.type = type, .blob = std::move(blob), .comment = {}};
}

PublicKey parse_public_key(std::string_view line) {
  line = trimmed(line);
  if (line.contains("PRIVATE KEY")) {
    refuse("this is a private key, which nobody else should have; send the .pub file beside it");
  }
  if (line.empty() || line.size() > longest_line || line.find_first_of("\r\n") != std::string_view::npos) {
    refuse("a key is one line: its type, the key, and perhaps a comment");
  }
  const std::string_view type = next_word(line);
  const std::string_view text = next_word(line);
  const auto blob = decode_base64(text);
  if (text.empty() || !blob) {
    refuse("a key begins with its type and its base64 text: ssh-ed25519 AAAA…");
  }
  PublicKey key = check_public_key(*blob);
  if (key.type != type) {
    refuse("the line says another type of key than the key itself");
  }
  key.comment = trimmed(line);
  return key;
}

std::string hash_public_key(const std::string& blob) { return hash_token(Secret(blob)); }

std::string fingerprint_of_hash(std::string_view hash) {
  const auto digit = [](char character) { return character <= '9' ? character - '0' : character - 'a' + 10; };
  std::string bytes;
  for (std::size_t at = 0; at + 1 < hash.size(); at += 2) {
    bytes += static_cast<char>(digit(hash[at]) << 4 | digit(hash[at + 1]));
  }
  return "SHA256:" + encode_base64(bytes, false);
}

}  // namespace berth::core
