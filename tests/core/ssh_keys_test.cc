// SPDX-License-Identifier: Apache-2.0
#include "core/ssh_keys.h"

#include <gmock/gmock.h>

#include "base/base64.h"
#include "core/host.h"

namespace berth::core {
namespace {

// A key nobody has the private half of.
std::string key_line(unsigned char number, const std::string& comment = "me@desk") {
  const std::string type = "ssh-ed25519";
  const std::string blob =
      std::string({0, 0, 0, 11}) + type + std::string({0, 0, 0, 32}) + std::string(32, static_cast<char>(number));
  return type + " " + encode_base64(blob) + " " + comment + "\n";
}

class SshKeysTest : public Host {
 protected:
  async::Task<> sign_in_as_who_added_them() {
    const Caller member = co_await caller("member");
    const Token added = co_await keys.add(member, "", key_line(1));
    EXPECT_EQ(added.name, "me@desk");
    const auto known = co_await keys.authenticate(parse_public_key(key_line(1)).blob);
    EXPECT_TRUE(known);
    EXPECT_EQ(known->account.id, member.account.id);
    EXPECT_FALSE(co_await keys.authenticate(parse_public_key(key_line(2)).blob));
    co_await keys.remove(member, added.id);
    EXPECT_FALSE(co_await keys.authenticate(parse_public_key(key_line(1)).blob));
  }

  async::Task<> are_no_secrets() {
    const PublicKey key = parse_public_key(key_line(1));
    const Token added = co_await keys.add(admin, "", key_line(1));
    EXPECT_EQ(co_await kind_of(accounts.authenticate(Secret(key.blob))), "unauthenticated");
    EXPECT_EQ(co_await kind_of(accounts.login(Secret(key.blob), TokenKind::browser)), "unauthenticated");
    EXPECT_EQ(co_await kind_of(accounts.remove_token(admin, added.id)), "not_found");
    for (const Token& token : co_await accounts.list_tokens(admin, {})) {
      EXPECT_NE(token.id, added.id);
    }
    // And no API token is a key.
    const IssuedToken issued = co_await accounts.create_token(admin, {.name = "api"});
    EXPECT_FALSE(co_await keys.authenticate(issued.secret.reveal()));
    EXPECT_EQ(co_await kind_of(keys.remove(admin, issued.token.id)), "not_found");
  }

  async::Task<> belong_to_one_account() {
    const Caller member = co_await caller("member");
    const Token added = co_await keys.add(admin, "", key_line(1));
    EXPECT_EQ(co_await kind_of(keys.add(member, "", key_line(1))), "conflict");
    EXPECT_EQ(co_await kind_of(keys.add(admin, "", key_line(1))), "conflict");
    EXPECT_EQ(co_await kind_of(keys.remove(member, added.id)), "not_found");
    EXPECT_TRUE((co_await keys.list(member, {})).empty());
  }

  async::Task<> have_a_limit() {
    for (unsigned char number = 0; number < 50; ++number) {
      co_await keys.add(admin, "", key_line(number));
    }
    EXPECT_EQ(co_await kind_of(keys.add(admin, "", key_line(50))), "exhausted");
  }

  async::Task<> give_no_more_than_the_token_that_added_them() {
    const IssuedToken issued = co_await accounts.create_token(
        admin, {.name = "narrow", .scopes = Scopes{Scope::instances_read, Scope::tokens_write}});
    const Caller narrow = co_await accounts.authenticate(issued.secret);
    co_await keys.add(narrow, "", key_line(1));
    const auto known = co_await keys.authenticate(parse_public_key(key_line(1)).blob);
    EXPECT_EQ(known->scopes, (Scopes{Scope::instances_read, Scope::tokens_write}));
    const IssuedToken reader =
        co_await accounts.create_token(admin, {.name = "reader", .scopes = Scopes{Scope::instances_read}});
    EXPECT_EQ(co_await kind_of(keys.add(co_await accounts.authenticate(reader.secret), "", key_line(2))), "forbidden");
  }

  async::Task<> make_a_guest_for_a_day() {
    const std::string blob = parse_public_key(key_line(1)).blob;
    const Caller guest = co_await keys.authenticate_or_welcome(blob);
    EXPECT_EQ(guest.account.role, Role::guest);
    EXPECT_EQ((co_await keys.authenticate_or_welcome(blob)).account.id, guest.account.id);
    EXPECT_EQ(co_await kind_of(keys.add(admin, "", key_line(1))), "conflict");
    clock.advance(Seconds{24 * 3600});
    EXPECT_FALSE(co_await keys.authenticate(blob));
    co_await keys.add(admin, "", key_line(1));  // free again
    EXPECT_EQ((co_await keys.authenticate_or_welcome(blob)).account.id, admin.account.id);
  }

  async::Task<> make_no_guest_without_a_plan() {
    const std::string blob = parse_public_key(key_line(1)).blob;
    plans.front().guests = false;
    EXPECT_EQ(co_await kind_of(keys.authenticate_or_welcome(blob)), "forbidden");
    EXPECT_EQ(co_await kind_of(keys.authenticate_or_welcome("no key")), "invalid_argument");
  }

  async::Task<> tell_who_came_with_one_of_its_removal() {
    const Token one = co_await keys.add(admin, "", key_line(1));
    const Token other = co_await keys.add(admin, "", key_line(2));
    const auto wait = [](SshKeys& all, TokenId id, int& count) -> async::Task<> {
      co_await all.removed(id);
      ++count;
    };
    int removed = 0;
    tasks.spawn(wait(keys, one.id, removed));
    tasks.spawn(wait(keys, one.id, removed));
    EXPECT_FALSE(co_await async::finishes_within(keys.removed(other.id), Milliseconds{10}));
    co_await keys.remove(admin, one.id);
    while (removed < 2) {
      co_await async::pause_for(Milliseconds{1});
    }
    co_await keys.removed(one.id);  // already
  }

  SshKeys keys{journal, clock, plans};
};

TEST_F(SshKeysTest, tell_who_came_with_one_of_its_removal) { run(tell_who_came_with_one_of_its_removal()); }

TEST_F(SshKeysTest, sign_in_as_who_added_them) { run(sign_in_as_who_added_them()); }
TEST_F(SshKeysTest, are_no_secrets) { run(are_no_secrets()); }
TEST_F(SshKeysTest, belong_to_one_account) { run(belong_to_one_account()); }
TEST_F(SshKeysTest, have_a_limit) { run(have_a_limit()); }
TEST_F(SshKeysTest, give_no_more_than_the_token_that_added_them) { run(give_no_more_than_the_token_that_added_them()); }
TEST_F(SshKeysTest, make_a_guest_for_a_day) { run(make_a_guest_for_a_day()); }
TEST_F(SshKeysTest, make_no_guest_without_a_plan) { run(make_no_guest_without_a_plan()); }

}  // namespace
}  // namespace berth::core
