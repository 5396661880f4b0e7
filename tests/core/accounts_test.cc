// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>

#include "core/host.h"
#include "core/service_tokens.h"
#include "core/ssh_keys.h"

namespace berth::core {
namespace {

class AccountsTest : public Host {
 protected:
  async::Task<> link_works_once() {
    const LoginLink link = co_await accounts.administrator_link();
    EXPECT_EQ(co_await kind_of(accounts.authenticate(link.code)), "unauthenticated");
    const SignedIn signed_in = co_await accounts.login(link.code, TokenKind::browser);
    EXPECT_EQ(signed_in.account.role, Role::admin);
    EXPECT_EQ(co_await kind_of(accounts.login(link.code, TokenKind::browser)), "unauthenticated");
    EXPECT_EQ((co_await accounts.authenticate(signed_in.issued.secret)).account.id, signed_in.account.id);
  }

  async::Task<> link_gets_old() {
    const LoginLink link = co_await accounts.administrator_link();
    clock.advance(Seconds{15 * 60});
    EXPECT_EQ(co_await kind_of(accounts.login(link.code, TokenKind::browser)), "unauthenticated");
  }

  async::Task<> tokens_are_narrow_and_end() {
    const IssuedToken issued = co_await accounts.create_token(
        admin, {.name = "ci", .scopes = Scopes{Scope::instances_read}, .lifetime = Seconds{60}});
    const Caller narrow = co_await accounts.authenticate(issued.secret);
    EXPECT_EQ(narrow.scopes, Scopes{Scope::instances_read});
    EXPECT_EQ(co_await kind_of(accounts.create_token(narrow, {.name = "wider"})), "forbidden");
    clock.advance(Seconds{60});
    EXPECT_EQ(co_await kind_of(accounts.authenticate(issued.secret)), "unauthenticated");
  }

  async::Task<> nobody_gives_more_than_they_have() {
    const Caller member = co_await caller("member");
    EXPECT_EQ(co_await kind_of(accounts.create_token(member, {.name = "x", .scopes = Scopes{Scope::accounts_write}})),
              "forbidden");
    EXPECT_EQ(co_await kind_of(accounts.create_account(member, "friend", Role::member)), "forbidden");
    EXPECT_EQ(co_await kind_of(accounts.list_accounts(member, {})), "forbidden");
    EXPECT_EQ(co_await kind_of(accounts.create_login_link(member, admin.account.id)), "forbidden");
  }

  async::Task<> revoking() {
    const Caller member = co_await caller("member");
    const IssuedToken issued = co_await accounts.create_token(admin, {.name = "mine"});
    EXPECT_EQ(co_await kind_of(accounts.remove_token(member, issued.token.id)), "not_found");
    co_await accounts.remove_token(admin, issued.token.id);
    EXPECT_EQ(co_await kind_of(accounts.authenticate(issued.secret)), "unauthenticated");
    co_await accounts.logout(admin);
    EXPECT_EQ(co_await kind_of(accounts.authenticate(Secret("berth_nonsense"))), "unauthenticated");
  }

  async::Task<IssuedToken> tcp_token(Caller caller, std::string name, std::optional<Seconds> lifetime = {}) {
    co_return co_await accounts.create_token(
        std::move(caller), {.name = std::move(name), .kind = TokenKind::tcp_token, .lifetime = lifetime});
  }

  async::Task<> tcp_tokens_sign_nobody_in() {
    const IssuedToken issued = co_await tcp_token(admin, "game");
    const std::string& secret = issued.secret.reveal();
    EXPECT_EQ(secret.size(), 128U);
    EXPECT_EQ(secret.find_first_not_of("abcdefghijklmnopqrstuvwxyz234567"), std::string::npos);
    EXPECT_TRUE(issued.token.scopes.empty());
    EXPECT_EQ(co_await kind_of(accounts.authenticate(issued.secret)), "unauthenticated");
    EXPECT_EQ(co_await kind_of(accounts.login(issued.secret, TokenKind::api_token)), "unauthenticated");
    SshKeys keys(journal, clock, plans);
    EXPECT_FALSE(co_await keys.authenticate(secret));
    EXPECT_EQ(co_await kind_of(accounts.create_token(
                  admin, {.name = "x", .kind = TokenKind::tcp_token, .scopes = Scopes{Scope::instances_read}})),
              "invalid_argument");
    EXPECT_EQ(co_await kind_of(accounts.create_token(admin, {.name = "x", .kind = TokenKind::login_code})),
              "invalid_argument");
    const IssuedToken narrow =
        co_await accounts.create_token(admin, {.name = "ci", .scopes = Scopes{Scope::instances_read}});
    EXPECT_EQ(co_await kind_of(tcp_token(co_await accounts.authenticate(narrow.secret), "more")), "forbidden");
  }

  async::Task<> tcp_tokens_are_known() {
    AccountTokens tokens(journal, clock);
    const IssuedToken one = co_await tcp_token(admin, "one");
    const IssuedToken two = co_await tcp_token(admin, "two", Seconds{60});
    const auto holder = co_await tokens.holder_of(one.secret.reveal());
    EXPECT_TRUE(holder);
    EXPECT_EQ(co_await tokens.holder_of(one.secret.reveal()), holder);
    const auto other = co_await tokens.holder_of(two.secret.reveal());
    EXPECT_TRUE(other);
    EXPECT_NE(other, holder);
    const IssuedToken api = co_await accounts.create_token(admin, {.name = "api"});
    EXPECT_FALSE(co_await tokens.holder_of(api.secret.reveal()));
    EXPECT_FALSE(co_await tokens.holder_of(std::string(128, 'a')));
    clock.advance(Seconds{60});
    EXPECT_FALSE(co_await tokens.holder_of(two.secret.reveal()));
    EXPECT_EQ(co_await tokens.holder_of(one.secret.reveal()), holder);
    co_await accounts.remove_token(admin, one.token.id);
    EXPECT_FALSE(co_await tokens.holder_of(one.secret.reveal()));
  }

  async::Task<> tcp_tokens_are_listed() {
    const Caller member = co_await caller("member");
    const IssuedToken first = co_await tcp_token(member, "0");
    for (int number = 1; number < 199; ++number) {
      co_await tcp_token(member, std::to_string(number));
    }
    EXPECT_EQ(co_await kind_of(tcp_token(member, "one too many")), "exhausted");
    const auto listed = co_await accounts.list_tokens(member, {.after = {}, .limit = 0});
    EXPECT_EQ(std::ranges::count(listed, TokenKind::tcp_token, &Token::kind), 199);
    EXPECT_EQ(co_await kind_of(accounts.remove_token(co_await caller("other"), first.token.id)), "not_found");
    co_await accounts.remove_token(member, first.token.id);
    co_await tcp_token(member, "now there is room");
  }

  async::Task<> secrets_are_kept_nowhere() {
    const IssuedToken issued = co_await accounts.create_token(admin, {.name = "ci"});
    for (const Token& token : co_await accounts.list_tokens(admin, {})) {
      EXPECT_EQ(token.hash.find(issued.secret.reveal()), std::string::npos);
    }
  }
};

TEST_F(AccountsTest, give_tcp_tokens_that_sign_nobody_in) { run(tcp_tokens_sign_nobody_in()); }
TEST_F(AccountsTest, know_their_tcp_tokens_until_they_end) { run(tcp_tokens_are_known()); }
TEST_F(AccountsTest, list_limit_and_revoke_tcp_tokens_with_the_others) { run(tcp_tokens_are_listed()); }
TEST_F(AccountsTest, sign_in_by_a_link_that_works_once) { run(link_works_once()); }
TEST_F(AccountsTest, a_link_gets_old) { run(link_gets_old()); }
TEST_F(AccountsTest, tokens_have_their_scopes_and_their_end) { run(tokens_are_narrow_and_end()); }
TEST_F(AccountsTest, nobody_gives_more_than_they_have) { run(nobody_gives_more_than_they_have()); }
TEST_F(AccountsTest, revoke_their_own_tokens_only) { run(revoking()); }
TEST_F(AccountsTest, keep_no_secret) { run(secrets_are_kept_nowhere()); }

}  // namespace
}  // namespace berth::core
