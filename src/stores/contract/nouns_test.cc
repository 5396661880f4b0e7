// SPDX-License-Identifier: Apache-2.0
#include "base/ids.h"
#include "stores/contract/fixture.h"

namespace berth::stores::contract {
namespace {

class Nouns : public StoreTest {};
INSTANTIATE_TEST_SUITE_P(Every, Nouns, testing::ValuesIn(all_kinds()), name_of_kind);

TEST_P(Nouns, an_account_comes_back_as_it_was_put) {
  for (const core::Account& account : {plain_account("a"), full_account()}) {
    transact([&](Transaction& transaction) { transaction.put_account(account); });
    reopen();
    const auto found = get([&](Transaction& transaction) { return transaction.find_account(account.id); });
    ASSERT_TRUE(found);
    EXPECT_EQ(show(*found), show(account));
  }
}

TEST_P(Nouns, a_token_comes_back_as_it_was_put) {
  core::Token full = full_token();
  core::Token plain = plain_token("t", full.account.text());
  transact([&](Transaction& transaction) {
    transaction.put_account(full_account());
    transaction.put_token(full);
    transaction.put_token(plain);
  });
  reopen();
  for (const core::Token& token : {full, plain}) {
    const auto by_id = get([&](Transaction& transaction) { return transaction.find_token(token.id); });
    const auto by_hash = get([&](Transaction& transaction) { return transaction.find_token_by_hash(token.hash); });
    ASSERT_TRUE(by_id && by_hash);
    EXPECT_EQ(show(*by_id), show(token));
    EXPECT_EQ(show(*by_hash), show(token));
  }
}

TEST_P(Nouns, an_image_comes_back_as_it_was_put) {
  for (const core::Image& image : {plain_image("i"), full_image()}) {
    transact([&](Transaction& transaction) { transaction.put_image(image); });
    reopen();
    const auto found = get([&](Transaction& transaction) { return transaction.find_image(image.name); });
    ASSERT_TRUE(found);
    EXPECT_EQ(show(*found), show(image));
  }
}

TEST_P(Nouns, services_come_back_by_name_as_they_were_put_until_they_are_removed) {
  core::StoredService changed = full_service();
  changed.name = changed.definition.name = "b";
  transact([&](Transaction& transaction) {
    transaction.put_service(full_service());
    transaction.put_service(plain_service("b"));
    transaction.put_service(plain_service("a"));
    transaction.put_service(changed);
    transaction.remove_service("none");
  });
  reopen();
  const auto shown = [&] {
    std::vector<std::string> texts;
    for (const core::StoredService& service : get([](Transaction& each) { return each.list_services(); })) {
      texts.push_back(show(service));
    }
    return texts;
  };
  EXPECT_EQ(shown(), (std::vector{show(full_service()), show(plain_service("a")), show(changed)}));
  transact([](Transaction& transaction) { transaction.remove_service("a"); });
  EXPECT_EQ(shown(), (std::vector{show(full_service()), show(changed)}));
}

TEST_P(Nouns, an_instance_comes_back_as_it_was_put) {
  const core::Instance full = full_instance();
  const core::Instance plain = plain_instance("i", full.account.text());
  transact([&](Transaction& transaction) {
    transaction.put_account(full_account());
    transaction.put_instance(full);
    transaction.put_instance(plain);
  });
  reopen();
  for (const core::Instance& instance : {full, plain}) {
    const auto found = get([&](Transaction& transaction) { return transaction.find_instance(instance.id); });
    ASSERT_TRUE(found);
    EXPECT_EQ(show(*found), show(instance));
  }
  const auto by_key = get(
      [&](Transaction& transaction) { return transaction.find_instance_by_key(full.account, full.idempotency_key); });
  ASSERT_TRUE(by_key);
  EXPECT_EQ(show(*by_key), show(full));
}

TEST_P(Nouns, an_event_comes_back_as_it_was_appended) {
  for (core::Event event : {plain_event("e"), full_event()}) {
    transact([&](Transaction& transaction) { event.sequence = transaction.append_event(event); });
    reopen();
    const auto found =
        get([&](Transaction& transaction) { return transaction.list_events({.after = event.sequence - 1}); });
    ASSERT_EQ(found.size(), 1U);
    EXPECT_EQ(show(found[0]), show(event));
  }
}

TEST_P(Nouns, every_enumerator_comes_back) {
  transact([&](Transaction& transaction) { transaction.put_account(plain_account("a")); });
  std::vector<std::string> put;
  transact([&](Transaction& transaction) {
    boost::mp11::mp_for_each<boost::describe::describe_enumerators<core::EventType>>([&](auto type) {
      core::Event event = plain_event(type.name);
      event.type = type.value;
      event.sequence = transaction.append_event(event);
      put.push_back(show(event));
    });
    boost::mp11::mp_for_each<boost::describe::describe_enumerators<core::InstanceState>>([&](auto state) {
      core::Instance instance = plain_instance(state.name, "a");
      instance.state = state.value;
      transaction.put_instance(instance);
    });
  });
  std::vector<std::string> found;
  for (const core::Event& event : get([](Transaction& transaction) { return transaction.list_events({}); })) {
    found.push_back(show(event));
  }
  EXPECT_EQ(found, put);
  for (const auto& instance : get([](Transaction& transaction) { return transaction.list_instances({}); })) {
    EXPECT_EQ(enum_name(instance.state), instance.id.text());
  }
}

TEST_P(Nouns, put_again_replaces_every_field) {
  core::Account account = plain_account("a");
  core::Token token = plain_token("t", "a");
  core::Image image = plain_image("i");
  core::Instance instance = plain_instance("i", "a");
  transact([&](Transaction& transaction) {
    transaction.put_account(account);
    transaction.put_account(full_account());
    transaction.put_token(token);
    transaction.put_image(image);
    transaction.put_instance(instance);
  });
  account = full_account();
  account.id = AccountId("a");
  token = full_token();
  token.id = TokenId("t");
  image = full_image();
  image.name = ImageName("i");
  instance = full_instance();
  instance.id = InstanceId("i");
  transact([&](Transaction& transaction) {
    transaction.put_account(account);
    transaction.put_token(token);
    transaction.put_image(image);
    transaction.put_instance(instance);
  });
  transact([&](Transaction& transaction) {
    EXPECT_EQ(show(*transaction.find_account(account.id)), show(account));
    EXPECT_EQ(show(*transaction.find_token(token.id)), show(token));
    EXPECT_EQ(show(*transaction.find_image(image.name)), show(image));
    EXPECT_EQ(show(*transaction.find_instance(instance.id)), show(instance));
  });
}

TEST_P(Nouns, what_is_not_there_is_not_found_and_may_be_removed) {
  transact([](Transaction& transaction) {
    EXPECT_FALSE(transaction.find_account(AccountId("nobody")));
    EXPECT_FALSE(transaction.find_account(AccountId()));
    EXPECT_FALSE(transaction.find_token(TokenId("none")));
    EXPECT_FALSE(transaction.find_token_by_hash("none"));
    EXPECT_FALSE(transaction.find_image(ImageName("none")));
    EXPECT_FALSE(transaction.find_instance(InstanceId("none")));
    EXPECT_FALSE(transaction.find_instance_by_key(AccountId("nobody"), "key"));
    EXPECT_EQ(transaction.last_event_sequence(), 0U);
    transaction.remove_token(TokenId("none"));
    transaction.remove_image(ImageName("none"));
  });
}

TEST_P(Nouns, no_idempotency_key_is_no_key_to_be_found_by) {
  transact([](Transaction& transaction) {
    transaction.put_account(plain_account("a"));
    transaction.put_instance(plain_instance("one", "a"));
    transaction.put_instance(plain_instance("two", "a"));
    EXPECT_FALSE(transaction.find_instance_by_key(AccountId("a"), ""));
  });
}

TEST_P(Nouns, tokens_and_images_can_be_removed) {
  transact([](Transaction& transaction) {
    transaction.put_account(plain_account("a"));
    for (const char* id : {"one", "two"}) {
      transaction.put_token(plain_token(id, "a"));
      transaction.put_image(plain_image(id));
    }
    transaction.remove_token(TokenId("one"));
    transaction.remove_image(ImageName("one"));
  });
  transact([](Transaction& transaction) {
    EXPECT_FALSE(transaction.find_token(TokenId("one")));
    EXPECT_FALSE(transaction.find_token_by_hash("hash of one"));
    EXPECT_FALSE(transaction.find_image(ImageName("one")));
    EXPECT_TRUE(transaction.find_token(TokenId("two")));
    EXPECT_TRUE(transaction.find_image(ImageName("two")));
  });
}

TEST_P(Nouns, tokens_that_expired_before_a_moment_are_removed) {
  transact([](Transaction& transaction) {
    transaction.put_account(plain_account("a"));
    for (const auto& [id, expires_at] : std::initializer_list<std::pair<const char*, std::optional<TimePoint>>>{
             {"never", {}}, {"before", moment(99)}, {"then", moment(100)}, {"long before", moment(-100'000)}}) {
      core::Token token = plain_token(id, "a");
      token.expires_at = expires_at;
      transaction.put_token(token);
    }
    EXPECT_EQ(transaction.remove_tokens_expired_before(moment(100)), 2U);
    EXPECT_EQ(transaction.remove_tokens_expired_before(moment(100)), 0U);
  });
  EXPECT_EQ(ids_of(get([](Transaction& transaction) { return transaction.list_tokens(AccountId("a"), {}); })),
            (Ids{"never", "then"}));
}

TEST_P(Nouns, what_databases_would_garble_is_refused) {
  using namespace std::literals;
  for (const std::string& text : {"zero \0 character"s, "\xFF"s, "cut \xE2\x82"s, "surrogate \xED\xA0\x80"s,
                                  "too long \xC0\xAF"s, "beyond \xF4\x90\x80\x80"s}) {
    EXPECT_EQ(failure_of([&](Transaction& transaction) {
                core::Account account = plain_account("a");
                account.name = text;
                transaction.put_account(account);
              }),
              ErrorKind::invalid_argument);
    EXPECT_EQ(failure_of([&](Transaction& transaction) {
                core::StoredService service = plain_service("s");
                service.definition.command = {text};
                transaction.put_service(service);
              }),
              ErrorKind::invalid_argument);
    EXPECT_EQ(failure_of([&](Transaction& transaction) { transaction.remove_service(text); }),
              ErrorKind::invalid_argument);
    EXPECT_EQ(failure_of([&](Transaction& transaction) { transaction.find_account(AccountId(text)); }),
              ErrorKind::invalid_argument);
    EXPECT_EQ(failure_of([&](Transaction& transaction) { transaction.find_token_by_hash(text); }),
              ErrorKind::invalid_argument);
    EXPECT_EQ(failure_of([&](Transaction& transaction) { transaction.list_instances({.before = text}); }),
              ErrorKind::invalid_argument);
  }
  EXPECT_EQ(failure_of([](Transaction& transaction) {
              core::Image image = plain_image("i");
              image.size = Bytes{1ULL << 63};
              transaction.put_image(image);
            }),
            ErrorKind::invalid_argument);
}

TEST_P(Nouns, keys_have_a_longest_length_and_may_use_it) {
  const std::string longest = random_name(1000);  // random, so that no index can compress it
  transact([&](Transaction& transaction) {
    transaction.put_account(plain_account(longest));
    core::Token token = plain_token(longest, longest);
    token.hash = longest;
    transaction.put_token(token);
    core::Instance instance = plain_instance(longest, longest);
    instance.idempotency_key = longest;
    transaction.put_instance(instance);
    transaction.put_image(plain_image(longest));
    core::Event event = plain_event("e");
    event.account = AccountId(longest);
    event.instance = InstanceId(longest);
    transaction.append_event(event);
    EXPECT_TRUE(transaction.find_instance_by_key(AccountId(longest), longest));
  });
  EXPECT_EQ(failure_of([&](Transaction& transaction) { transaction.put_account(plain_account(longest + "x")); }),
            ErrorKind::invalid_argument);
  EXPECT_EQ(failure_of([&](Transaction& transaction) { transaction.put_account(plain_account("")); }),
            ErrorKind::invalid_argument);
}

}  // namespace
}  // namespace berth::stores::contract
