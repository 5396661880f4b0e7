// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <boost/describe/enum.hpp>
#include <optional>
#include <set>
#include <string>

#include "base/clock.h"
#include "base/ids.h"

namespace berth::core {

// An author makes labs; a candidate was made by an invitation, for its labs alone.
enum class Role { admin, author, member, guest, candidate };
BOOST_DESCRIBE_ENUM(Role, admin, author, member, guest, candidate)

enum class Scope {
  instances_read,
  instances_write,
  images_read,
  images_write,
  tokens_write,
  labs_write,
  accounts_write,
};
BOOST_DESCRIBE_ENUM(Scope, instances_read, instances_write, images_read, images_write, tokens_write, labs_write,
                    accounts_write)

using Scopes = std::set<Scope>;

struct Account {
  AccountId id;
  std::string name;
  Role role = Role::member;
  TimePoint created_at;
};

// A login_code is the one-time code of a login link: it is traded for one of the others and is no use for anything
// else. An ssh_key is no secret: its hash is that of a public key, and only the SSH door, which sees the other half
// proven, may take it. A tcp_token is what clients of a service show, and nothing else takes it.
enum class TokenKind { api_token, browser, login_code, ssh_key, tcp_token };
BOOST_DESCRIBE_ENUM(TokenKind, api_token, browser, login_code, ssh_key, tcp_token)

// Whether whoever shows the token's secret is its account.
bool is_bearer(TokenKind kind);
// Whether it is among the tokens that its account sees and revokes.
bool is_listed(TokenKind kind);

struct Token {
  TokenId id;
  AccountId account;
  std::string name;
  TokenKind kind = TokenKind::api_token;
  Scopes scopes;
  std::string hash;  // hash_token() of the secret, which is kept nowhere; of an ssh_key, hash_public_key()
  TimePoint created_at;
  std::optional<TimePoint> expires_at;
};

// Who asks: the first parameter of every use case.
struct Caller {
  Account account;
  Scopes scopes;
  TokenId token;
};

// All that a role may ever do; a token can only narrow it.
Scopes scopes_of(Role role);

// Throws Error{forbidden} that names the missing scope.
void require(const Caller& caller, Scope scope);

// Whether the caller may act on what `owner` has. Admins (scope accounts_write) may act on everything.
bool may_touch(const Caller& caller, const AccountId& owner);

}  // namespace berth::core
