// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/secret.h"
#include "core/access.h"
#include "core/journal.h"
#include "core/plan.h"

namespace berth::core {

inline constexpr std::size_t tcp_token_length = 128;  // as long as the token of a frame is by default

struct NewToken {
  std::string name;
  TokenKind kind = TokenKind::api_token;  // or tcp_token
  std::optional<Scopes> scopes;           // none: all of the caller's; a tcp_token has none
  std::optional<Seconds> lifetime;        // none: it does not expire
};

// A token and its secret, which exists only in this answer.
struct IssuedToken {
  Token token;
  Secret secret;
};

struct SignedIn {
  Account account;
  IssuedToken issued;
};

struct LoginLink {
  Account account;
  Secret code;
  TimePoint expires_at;
};

// The use cases of accounts, sign-in and tokens. Lives as long as the server.
class Accounts {
 public:
  Accounts(Journal& journal, const Clock& clock, const std::vector<Plan>& plans);

  // Who has this token. Throws Error{unauthenticated} for an unknown, expired or revoked one.
  async::Task<Caller> authenticate(Secret token);
  // Trades the code of a login link, once.
  async::Task<SignedIn> login(Secret code, TokenKind kind);
  async::Task<> logout(Caller caller);
  // Error{forbidden} when no plan is for guests.
  async::Task<SignedIn> create_guest();

  async::Task<std::vector<Token>> list_tokens(Caller caller, Page page);
  async::Task<IssuedToken> create_token(Caller caller, NewToken request);
  async::Task<> remove_token(Caller caller, TokenId id);

  async::Task<std::vector<Account>> list_accounts(Caller caller, Page page);
  async::Task<LoginLink> create_account(Caller caller, std::string name, Role role);
  async::Task<LoginLink> create_login_link(Caller caller, AccountId account);

  // The first administrator, made at the first start, with a fresh login link. For the operator, who has the database.
  async::Task<LoginLink> administrator_link();
  // A new API token of the administrator, named "bootstrap"; earlier ones of that name are revoked.
  async::Task<Secret> bootstrap_token();

 private:
  Journal& journal_;
  const Clock& clock_;
  const std::vector<Plan>& plans_;
};

}  // namespace berth::core
