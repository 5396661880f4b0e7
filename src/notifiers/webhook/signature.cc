// SPDX-License-Identifier: Apache-2.0
#include "notifiers/webhook/signature.h"

#include <sodium.h>

#include <array>

#include "base/base64.h"
#include "base/error.h"

namespace berth::notifiers::webhook {
namespace {

constexpr std::string_view prefix = "whsec_";

const unsigned char* bytes_of(std::string_view text) { return reinterpret_cast<const unsigned char*>(text.data()); }

std::string key_of(const Secret& secret) {
  const std::string_view text = secret.reveal();
  const auto key = text.starts_with(prefix) ? decode_base64(text.substr(prefix.size())) : std::nullopt;
  if (!key) {
    throw Error(ErrorKind::internal, "the secret of a webhook is no such secret");
  }
  return *key;
}

}  // namespace

std::string signatures_of(const std::vector<Secret>& secrets, std::string_view id, std::string_view timestamp,
                          std::string_view body) {
  std::string signatures;
  for (const Secret& secret : secrets) {
    const std::string key = key_of(secret);
    crypto_auth_hmacsha256_state state;
    crypto_auth_hmacsha256_init(&state, bytes_of(key), key.size());
    for (const std::string_view part : {id, std::string_view("."), timestamp, std::string_view("."), body}) {
      crypto_auth_hmacsha256_update(&state, bytes_of(part), part.size());
    }
    std::array<unsigned char, crypto_auth_hmacsha256_BYTES> digest{};
    crypto_auth_hmacsha256_final(&state, digest.data());
    signatures += (signatures.empty() ? "v1," : " v1,") +
                  encode_base64({reinterpret_cast<const char*>(digest.data()), digest.size()});
  }
  return signatures;
}

}  // namespace berth::notifiers::webhook
