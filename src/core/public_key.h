// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

namespace berth::core {

// A public key of SSH. The blob is its wire form (RFC 4253 section 6.6), the same as in a line of authorized_keys.
struct PublicKey {
  std::string type;  // "ssh-ed25519"
  std::string blob;
  std::string comment;
};

// Reads "ssh-ed25519 AAAA… comment", a line of authorized_keys without options. Throws Error{invalid_argument} that
// says what is wrong with it, also for a private key and for a key too weak.
PublicKey parse_public_key(std::string_view line);
// The key of a blob; throws like parse_public_key.
PublicKey check_public_key(std::string blob);

// What a store keeps of a key: SHA-256 of its blob in hexadecimal.
std::string hash_public_key(const std::string& blob);
// "SHA256:" and base64, as ssh-keygen -l prints it.
std::string fingerprint_of_hash(std::string_view hash);

}  // namespace berth::core
