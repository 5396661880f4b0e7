// SPDX-License-Identifier: Apache-2.0
#include "core/service_tokens.h"

#include "base/secret.h"

namespace berth::core {

async::Task<std::optional<std::string>> ListedTokens::holder_of(std::string token) {
  const std::string hash = hash_token(Secret(std::move(token)));
  co_return hashes_.contains(hash) ? std::optional(hash.substr(0, 32)) : std::nullopt;
}

async::Task<std::optional<std::string>> AccountTokens::holder_of(std::string token) {
  const std::string hash = hash_token(Secret(std::move(token)));
  const TimePoint now = clock_.now();
  co_return co_await journal_.transact([&](Transaction& transaction) -> std::optional<std::string> {
    const auto found = transaction.find_token_by_hash(hash);
    if (!found || found->kind != TokenKind::tcp_token || (found->expires_at && *found->expires_at <= now)) {
      return std::nullopt;
    }
    return found->id.text();
  });
}

}  // namespace berth::core
