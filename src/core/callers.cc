// SPDX-License-Identifier: Apache-2.0
#include "core/callers.h"

#include <algorithm>
#include <iterator>

namespace berth::core {

std::optional<Caller> find_caller(Transaction& transaction, const std::string& hash, bool (*is_taken)(TokenKind),
                                  TimePoint now) {
  const auto token = transaction.find_token_by_hash(hash);
  if (!token || !is_taken(token->kind) || (token->expires_at && *token->expires_at <= now)) {
    return std::nullopt;
  }
  const auto account = transaction.find_account(token->account);
  if (!account) {
    return std::nullopt;
  }
  Caller caller{.account = *account, .scopes = {}, .token = token->id};
  std::ranges::set_intersection(token->scopes, scopes_of(account->role),
                                std::inserter(caller.scopes, caller.scopes.end()));
  return caller;
}

}  // namespace berth::core
