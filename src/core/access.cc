// SPDX-License-Identifier: Apache-2.0
#include "core/access.h"

#include <boost/describe/enum_to_string.hpp>

#include "base/error.h"

namespace berth::core {

Scopes scopes_of(Role role) {
  using enum Scope;
  switch (role) {
    case Role::admin:
      return {instances_read, instances_write, images_read, images_write, tokens_write, labs_write, accounts_write};
    case Role::author:
      return {instances_read, instances_write, images_read, tokens_write, labs_write};
    case Role::member:
      return {instances_read, instances_write, images_read, tokens_write};
    case Role::guest:
      return {instances_read, instances_write, images_read};
    case Role::candidate:
      return {instances_read, instances_write};
  }
  return {};
}

bool is_bearer(TokenKind kind) { return kind == TokenKind::api_token || kind == TokenKind::browser; }

bool is_listed(TokenKind kind) { return is_bearer(kind) || kind == TokenKind::tcp_token; }

void require(const Caller& caller, Scope scope) {
  if (!caller.scopes.contains(scope)) {
    throw Error(ErrorKind::forbidden, std::string("this needs the scope ") +
                                          boost::describe::enum_to_string(scope, "") +
                                          ", which your token does not have");
  }
}

bool may_touch(const Caller& caller, const AccountId& owner) {
  return caller.account.id == owner || caller.scopes.contains(Scope::accounts_write);
}

}  // namespace berth::core
