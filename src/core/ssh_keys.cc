// SPDX-License-Identifier: Apache-2.0
#include "core/ssh_keys.h"

#include <algorithm>
#include <boost/asio/this_coro.hpp>
#include <utility>

#include "base/error.h"
#include "core/callers.h"

namespace berth::core {
namespace {

constexpr std::size_t most_keys = 50;  // of one account
constexpr std::size_t longest_name = 64;
constexpr Seconds guest_lifetime{24 * 3600};

bool is_printable(unsigned char character) { return character >= 0x20 && character != 0x7f; }

std::string name_of(std::string name, const PublicKey& key) {
  if (name.empty() && std::ranges::all_of(key.comment, is_printable)) {
    name = key.comment.substr(0, longest_name);
    while (!name.empty() && (static_cast<unsigned char>(name.back()) & 0x80U) != 0) {
      name.pop_back();  // perhaps half a character
    }
  }
  if (name.empty()) {
    name = key.type;
  }
  if (name.size() > longest_name || !std::ranges::all_of(name, is_printable)) {
    throw Error(ErrorKind::invalid_argument, "a key's name has 1 to 64 printable characters", "name");
  }
  return name;
}

Token key_token(const AccountId& account, std::string name, Scopes scopes, const PublicKey& key, TimePoint now) {
  return {.id = TokenId(random_name(12)),
          .account = account,
          .name = std::move(name),
          .kind = TokenKind::ssh_key,
          .scopes = std::move(scopes),
          .hash = hash_public_key(key.blob),
          .created_at = now,
          .expires_at = {}};
}

void note(Transaction& transaction, const AccountId& account, EventType type, TimePoint now, std::string detail) {
  transaction.append_event(
      Event{.type = type, .at = now, .account = account, .instance = {}, .image = {}, .detail = std::move(detail)});
}

// The token of this hash that is good now; one that has expired makes room for a new one.
std::optional<Token> find_key(Transaction& transaction, const std::string& hash, TimePoint now) {
  auto found = transaction.find_token_by_hash(hash);
  if (found && found->expires_at && *found->expires_at <= now) {
    transaction.remove_token(found->id);
    return std::nullopt;
  }
  return found;
}

bool is_ssh_key(TokenKind kind) { return kind == TokenKind::ssh_key; }

std::optional<Caller> caller_of(Transaction& transaction, const std::string& hash, TimePoint now) {
  return find_caller(transaction, hash, is_ssh_key, now);
}

}  // namespace

SshKeys::SshKeys(Journal& journal, const Clock& clock, const std::vector<Plan>& plans)
    : journal_(journal), clock_(clock), plans_(plans) {}

bool SshKeys::takes_guests() const { return std::ranges::any_of(plans_, &Plan::guests); }

async::Task<Token> SshKeys::add(Caller caller, std::string name, std::string line) {
  require(caller, Scope::tokens_write);
  const PublicKey key = parse_public_key(line);
  const TimePoint now = clock_.now();
  const Token token = key_token(caller.account.id, name_of(std::move(name), key), caller.scopes, key, now);
  co_return co_await journal_.transact([&](Transaction& transaction) {
    if (const auto bound = find_key(transaction, token.hash, now)) {
      throw Error(ErrorKind::conflict,
                  bound->account == caller.account.id
                      ? "you have added this key already, as '" + bound->name + "'"
                      : "this key is bound to another account; sign in with it and remove it there, or use another key",
                  "key");
    }
    if (transaction.list_ssh_keys(caller.account.id, {.after = {}, .limit = most_keys}).size() >= most_keys) {
      throw Error(ErrorKind::exhausted, "you have " + std::to_string(most_keys) + " SSH keys; remove some first");
    }
    transaction.put_token(token);
    note(transaction, caller.account.id, EventType::token_created, now, "SSH key '" + token.name + "' was added");
    return token;
  });
}

async::Task<std::vector<Token>> SshKeys::list(Caller caller, Page page) {
  co_return co_await journal_.transact(
      [&](Transaction& transaction) { return transaction.list_ssh_keys(caller.account.id, page); });
}

async::Task<> SshKeys::remove(Caller caller, TokenId id) {
  require(caller, Scope::tokens_write);
  const TimePoint now = clock_.now();
  co_await journal_.transact([&](Transaction& transaction) {
    const auto token = transaction.find_token(id);
    if (!token || token->kind != TokenKind::ssh_key || !may_touch(caller, token->account)) {
      throw Error(ErrorKind::not_found, "there is no such SSH key");
    }
    transaction.remove_token(id);
    note(transaction, token->account, EventType::token_removed, now, "SSH key '" + token->name + "' was removed");
  });
  const auto [begin, end] = waiting_.equal_range(id);
  std::for_each(begin, end, [](const auto& waiting) { waiting.second->fire(); });
}

async::Task<> SshKeys::removed(TokenId id) {
  async::Trigger trigger(co_await boost::asio::this_coro::executor);
  struct Place {
    std::multimap<TokenId, async::Trigger*>& waiting;
    std::multimap<TokenId, async::Trigger*>::iterator at;
    ~Place() { waiting.erase(at); }
  } const place{waiting_, waiting_.emplace(id, &trigger)};
  const bool there =
      co_await journal_.transact([&](Transaction& transaction) { return transaction.find_token(id).has_value(); });
  if (there) {
    co_await trigger.wait_beyond(0);
  }
}

async::Task<std::optional<Caller>> SshKeys::authenticate(std::string blob) {
  const std::string hash = hash_public_key(blob);
  const TimePoint now = clock_.now();
  co_return co_await journal_.transact([&](Transaction& transaction) { return caller_of(transaction, hash, now); });
}

async::Task<Caller> SshKeys::authenticate_or_welcome(std::string blob) {
  const PublicKey key = check_public_key(std::move(blob));
  const TimePoint now = clock_.now();
  const AccountId id(random_name(12));
  co_return co_await journal_.transact([&](Transaction& transaction) -> Caller {
    const std::string hash = hash_public_key(key.blob);
    if (auto known = caller_of(transaction, hash, now)) {
      return *known;
    }
    if (!takes_guests() || find_key(transaction, hash, now)) {
      throw Error(ErrorKind::forbidden, "this Berth does not take guests; ask for a login link");
    }
    const Account account{.id = id, .name = "guest-" + id.text().substr(0, 4), .role = Role::guest, .created_at = now};
    transaction.put_account(account);
    Token token = key_token(id, "SSH key of a guest", scopes_of(Role::guest), key, now);
    token.expires_at = now + guest_lifetime;
    transaction.put_token(token);
    note(transaction, id, EventType::login, now, "came as a guest by SSH");
    return {.account = account, .scopes = token.scopes, .token = token.id};
  });
}

}  // namespace berth::core
