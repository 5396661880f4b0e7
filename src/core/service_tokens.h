// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <set>
#include <string>
#include <vector>

#include "async/task.h"
#include "base/clock.h"
#include "core/journal.h"

namespace berth::core {

// Who may use a service with a token. Lives as long as the server.
class ServiceTokens {
 public:
  virtual ~ServiceTokens() = default;
  // A name of the token's holder that tells nothing about the token: the same for every use of it. Nothing: the token
  // is not known. Throws Error{unavailable} when it cannot be told.
  virtual async::Task<std::optional<std::string>> holder_of(std::string token) = 0;
};

// A list that came with the service. What is compared are hashes, so the time it takes tells nothing about a token.
class ListedTokens final : public ServiceTokens {
 public:
  // Of the hashes of tokens, see hash_token().
  explicit ListedTokens(const std::vector<std::string>& hashes) : hashes_(hashes.begin(), hashes.end()) {}
  async::Task<std::optional<std::string>> holder_of(std::string token) override;

 private:
  std::set<std::string> hashes_;
};

// The TCP tokens of accounts. Each token is a holder of its own: two of one account do not share instances. Lives as
// long as the server; not cancellable, as the store's transactions are not.
class AccountTokens final : public ServiceTokens {
 public:
  AccountTokens(Journal& journal, const Clock& clock) : journal_(journal), clock_(clock) {}
  async::Task<std::optional<std::string>> holder_of(std::string token) override;

 private:
  Journal& journal_;
  const Clock& clock_;
};

}  // namespace berth::core
