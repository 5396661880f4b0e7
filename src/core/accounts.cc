// SPDX-License-Identifier: Apache-2.0
#include "core/accounts.h"

#include <algorithm>
#include <utility>

#include "base/error.h"
#include "core/callers.h"

namespace berth::core {
namespace {

constexpr Seconds login_code_lifetime{15 * 60};
constexpr Seconds browser_lifetime{30 * 24 * 3600};
constexpr Seconds guest_lifetime{24 * 3600};
constexpr std::size_t most_tokens = 200;  // of one account
const AccountId administrator{"admin"};

void check_name(const std::string& name, const char* what) {
  const bool printable =
      std::ranges::all_of(name, [](unsigned char character) { return character >= 0x20 && character != 0x7f; });
  if (name.empty() || name.size() > 64 || !printable) {
    throw Error(ErrorKind::invalid_argument, std::string(what) + " has 1 to 64 printable characters", "name");
  }
}

IssuedToken issue(Transaction& transaction, const AccountId& account, std::string name, TokenKind kind, Scopes scopes,
                  TimePoint now, std::optional<Seconds> lifetime) {
  IssuedToken issued{.token = Token{.id = TokenId(random_name(12)),
                                    .account = account,
                                    .name = std::move(name),
                                    .kind = kind,
                                    .scopes = std::move(scopes),
                                    .hash = {},
                                    .created_at = now,
                                    .expires_at = {}},
                     .secret = kind == TokenKind::tcp_token ? Secret(random_name(tcp_token_length)) : make_token()};
  issued.token.hash = hash_token(issued.secret);
  if (lifetime) {
    issued.token.expires_at = now + *lifetime;
  }
  transaction.put_token(issued.token);
  return issued;
}

LoginLink issue_link(Transaction& transaction, const Account& account, TimePoint now) {
  IssuedToken code = issue(transaction, account.id, "login link", TokenKind::login_code, {}, now, login_code_lifetime);
  return {account, std::move(code.secret), *code.token.expires_at};
}

void note(Transaction& transaction, const AccountId& account, EventType type, TimePoint now, std::string detail) {
  transaction.append_event(
      Event{.type = type, .at = now, .account = account, .instance = {}, .image = {}, .detail = std::move(detail)});
}

Account add_account(Transaction& transaction, AccountId id, std::string name, Role role, TimePoint now) {
  Account account{.id = std::move(id), .name = std::move(name), .role = role, .created_at = now};
  transaction.put_account(account);
  return account;
}

Account find_or_add_administrator(Transaction& transaction, TimePoint now) {
  if (auto found = transaction.find_account(administrator)) {
    return *found;
  }
  return add_account(transaction, administrator, "admin", Role::admin, now);
}

}  // namespace

Accounts::Accounts(Journal& journal, const Clock& clock, const std::vector<Plan>& plans)
    : journal_(journal), clock_(clock), plans_(plans) {}

async::Task<Caller> Accounts::authenticate(Secret token) {
  const std::string hash = hash_token(token);
  const TimePoint now = clock_.now();
  const auto caller = co_await journal_.transact(
      [&](Transaction& transaction) { return find_caller(transaction, hash, is_bearer, now); });
  if (!caller) {
    throw Error(ErrorKind::unauthenticated, "this token is unknown, expired or revoked; sign in again");
  }
  co_return *caller;
}

async::Task<SignedIn> Accounts::login(Secret code, TokenKind kind) {
  if (!is_bearer(kind)) {
    throw Error(ErrorKind::invalid_argument, "a login code is traded for an API token or a browser sign-in", "kind");
  }
  const std::string hash = hash_token(code);
  const TimePoint now = clock_.now();
  auto signed_in = co_await journal_.transact([&](Transaction& transaction) -> std::optional<SignedIn> {
    const auto found = transaction.find_token_by_hash(hash);
    if (!found || found->kind != TokenKind::login_code || *found->expires_at <= now) {
      return std::nullopt;
    }
    const auto account = transaction.find_account(found->account);
    if (!account) {
      return std::nullopt;
    }
    transaction.remove_token(found->id);
    const bool browser = kind == TokenKind::browser;
    note(transaction, account->id, EventType::login, now,
         browser ? "signed in with a browser" : "signed in with a command");
    return SignedIn{*account,
                    issue(transaction, account->id, browser ? "browser" : "berth login", kind, scopes_of(account->role),
                          now, browser ? std::optional<Seconds>(browser_lifetime) : std::nullopt)};
  });
  if (!signed_in) {
    throw Error(ErrorKind::unauthenticated, "this login link was used already or is too old; ask for a new one");
  }
  co_return std::move(*signed_in);
}

async::Task<> Accounts::logout(Caller caller) {
  co_await journal_.transact([&](Transaction& transaction) { transaction.remove_token(caller.token); });
}

async::Task<SignedIn> Accounts::create_guest() {
  if (std::ranges::none_of(plans_, &Plan::guests)) {
    throw Error(ErrorKind::forbidden, "this Berth does not take guests; ask for a login link");
  }
  const TimePoint now = clock_.now();
  co_return co_await journal_.transact([&](Transaction& transaction) {
    AccountId id(random_name(12));
    const Account account = add_account(transaction, id, "guest-" + id.text().substr(0, 4), Role::guest, now);
    note(transaction, id, EventType::login, now, "came as a guest");
    return SignedIn{account,
                    issue(transaction, id, "browser", TokenKind::browser, scopes_of(Role::guest), now, guest_lifetime)};
  });
}

async::Task<std::vector<Token>> Accounts::list_tokens(Caller caller, Page page) {
  co_return co_await journal_.transact(
      [&](Transaction& transaction) { return transaction.list_tokens(caller.account.id, page); });
}

async::Task<IssuedToken> Accounts::create_token(Caller caller, NewToken request) {
  require(caller, Scope::tokens_write);
  check_name(request.name, "a token's name");
  const bool tcp = request.kind == TokenKind::tcp_token;
  if (!tcp && request.kind != TokenKind::api_token) {
    throw Error(ErrorKind::invalid_argument, "what can be created is an api_token or a tcp_token", "kind");
  }
  if (tcp && request.scopes && !request.scopes->empty()) {
    throw Error(ErrorKind::invalid_argument, "a TCP token opens services and nothing else: it has no scopes", "scopes");
  }
  const Scopes scopes = tcp ? Scopes{} : request.scopes.value_or(caller.scopes);
  for (const Scope scope : scopes) {
    require(caller, scope);
  }
  const TimePoint now = clock_.now();
  co_return co_await journal_.transact([&](Transaction& transaction) {
    if (transaction.list_tokens(caller.account.id, {.after = {}, .limit = most_tokens}).size() >= most_tokens) {
      throw Error(ErrorKind::exhausted, "you have " + std::to_string(most_tokens) + " tokens; revoke some first");
    }
    IssuedToken issued =
        issue(transaction, caller.account.id, request.name, request.kind, scopes, now, request.lifetime);
    note(transaction, caller.account.id, EventType::token_created, now, "token '" + request.name + "' was created");
    return issued;
  });
}

async::Task<> Accounts::remove_token(Caller caller, TokenId id) {
  require(caller, Scope::tokens_write);
  const TimePoint now = clock_.now();
  co_await journal_.transact([&](Transaction& transaction) {
    const auto token = transaction.find_token(id);
    if (!token || !is_listed(token->kind) || !may_touch(caller, token->account)) {
      throw Error(ErrorKind::not_found, "there is no such token");
    }
    transaction.remove_token(id);
    note(transaction, token->account, EventType::token_removed, now, "token '" + token->name + "' was revoked");
  });
}

async::Task<std::vector<Account>> Accounts::list_accounts(Caller caller, Page page) {
  require(caller, Scope::accounts_write);
  co_return co_await journal_.transact([&](Transaction& transaction) { return transaction.list_accounts(page); });
}

async::Task<LoginLink> Accounts::create_account(Caller caller, std::string name, Role role) {
  require(caller, Scope::accounts_write);
  check_name(name, "an account's name");
  if (role == Role::guest || role == Role::candidate) {
    throw Error(ErrorKind::invalid_argument,
                role == Role::guest ? "guests come by themselves" : "candidates come by an invitation", "role");
  }
  const TimePoint now = clock_.now();
  co_return co_await journal_.transact([&](Transaction& transaction) {
    return issue_link(transaction, add_account(transaction, AccountId(random_name(12)), name, role, now), now);
  });
}

async::Task<LoginLink> Accounts::create_login_link(Caller caller, AccountId account) {
  if (account != caller.account.id) {
    require(caller, Scope::accounts_write);
  }
  require(caller, Scope::tokens_write);
  const TimePoint now = clock_.now();
  co_return co_await journal_.transact([&](Transaction& transaction) {
    const auto found = transaction.find_account(account);
    if (!found) {
      throw Error(ErrorKind::not_found, "there is no such account");
    }
    return issue_link(transaction, *found, now);
  });
}

async::Task<LoginLink> Accounts::administrator_link() {
  const TimePoint now = clock_.now();
  co_return co_await journal_.transact([&](Transaction& transaction) {
    return issue_link(transaction, find_or_add_administrator(transaction, now), now);
  });
}

async::Task<Secret> Accounts::bootstrap_token() {
  const TimePoint now = clock_.now();
  co_return co_await journal_.transact([&](Transaction& transaction) {
    const Account account = find_or_add_administrator(transaction, now);
    for (const Token& token : transaction.list_tokens(account.id, {.after = {}, .limit = 0})) {
      if (token.name == "bootstrap" && token.kind == TokenKind::api_token) {
        transaction.remove_token(token.id);
      }
    }
    return issue(transaction, account.id, "bootstrap", TokenKind::api_token, scopes_of(account.role), now, {}).secret;
  });
}

}  // namespace berth::core
