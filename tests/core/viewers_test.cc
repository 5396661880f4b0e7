// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>

#include "core/host.h"

namespace berth::core {
namespace {

class ViewersTest : public Host {
 protected:
  async::Task<> open() {
    id = (co_await start(admin)).instance.id;
    session = co_await sessions.open(admin, id, {.kind = wire::SessionKind::terminal});
    owner = co_await sessions.attach(admin, id, session, 0);
    guide = co_await sessions.attach(admin, id, session, 0, ViewerRole::view);
  }

  // What the owner's view shows until `end` is there.
  async::Task<std::string> shown(std::string end) {
    std::string text;
    while (!text.contains(end)) {
      const SessionItem item = co_await owner->next();
      if (const auto* output = std::get_if<SessionOutput>(&item)) {
        text += output->bytes;
      }
    }
    co_return text;
  }

  async::Task<> who_only_views_moves_nothing() {
    co_await open();
    co_await guide->input("from the guide\n");
    guide->resize({20, 20});
    guide->end_input();
    co_await owner->input("mine\n");
    EXPECT_EQ(co_await shown("mine\n"), "mine\n");
  }

  async::Task<> who_is_further_behind_gets_it_all() {
    co_await open();
    co_await owner->input("one\n");
    co_await shown("one\n");
    co_await owner->input("two\n");
    co_await shown("two\n");
    owner.reset();
    guide.reset();
    links.drop(id);
    const auto link = co_await links.of(id);
    const auto ahead = link->attach(session, 4);
    owner = link->attach(session, 0);  // before the first one was answered
    EXPECT_EQ(co_await shown("two\n"), "one\ntwo\n");
  }

  async::Task<> who_takes_over_is_alone() {
    co_await open();
    co_await sessions.take_role(admin, id, *guide, ViewerRole::take_over);
    EXPECT_FALSE(owner->may_write());
    co_await owner->input("mine\n");
    co_await guide->input("theirs\n");
    EXPECT_EQ(co_await shown("theirs\n"), "theirs\n");
    co_await sessions.take_role(admin, id, *owner, ViewerRole::take_over);
    EXPECT_FALSE(guide->may_write());
    EXPECT_TRUE(owner->may_write());
    co_await sessions.take_role(admin, id, *owner, ViewerRole::interact);
    EXPECT_TRUE(guide->may_write());
    co_await sessions.take_role(admin, id, *guide, ViewerRole::take_over);
    guide.reset();
    EXPECT_TRUE(owner->may_write());
  }

  async::Task<> everybody_is_told() {
    co_await open();
    EXPECT_TRUE(std::holds_alternative<ViewersChanged>(co_await owner->next()));
    const auto viewers = owner->viewers();
    EXPECT_EQ(viewers.size(), 2U);
    EXPECT_EQ(std::ranges::count(viewers, true, &Viewer::self), 1);
    EXPECT_EQ(std::ranges::count(viewers, ViewerRole::view, &Viewer::role), 1);
    guide.reset();
    EXPECT_TRUE(std::holds_alternative<ViewersChanged>(co_await owner->next()));
    EXPECT_EQ(owner->viewers().size(), 1U);
  }

  async::Task<> an_event_tells_the_owner() {
    const Caller learner = co_await caller("learner");
    const Caller stranger = co_await caller("stranger");
    id = (co_await start(learner)).instance.id;
    session = co_await sessions.open(learner, id, {.kind = wire::SessionKind::terminal});
    owner = co_await sessions.attach(learner, id, session, 0);
    EXPECT_EQ(co_await kind_of(sessions.attach(stranger, id, session, 0, ViewerRole::view)), "not_found");
    guide = co_await sessions.attach(admin, id, session, 0, ViewerRole::view);
    const auto list = co_await events.list(learner, {.after = 0, .account = {}, .instance = id, .limit = 100});
    EXPECT_EQ(list.back().type, EventType::session_watched);
    EXPECT_EQ(list.back().account, learner.account.id);
    EXPECT_THAT(list.back().detail, testing::HasSubstr("watches a session"));
  }

  async::Task<> reading_is_enough_to_view() {
    co_await open();
    Caller reader = admin;
    reader.scopes = {Scope::instances_read};
    EXPECT_EQ(co_await kind_of(sessions.attach(reader, id, session, 0)), "forbidden");
    EXPECT_EQ(co_await kind_of(sessions.attach(reader, id, session, 0, ViewerRole::view)), "none");
    EXPECT_EQ(co_await kind_of(sessions.take_role(reader, id, *guide, ViewerRole::take_over)), "forbidden");
  }

  async::Task<> end() {
    owner.reset();
    guide.reset();
    co_return;
  }

  async::Task<> to_the_end(async::Task<> test) {
    co_await std::move(test);
    co_await end();
  }

  InstanceId id;
  std::uint32_t session = 0;
  std::unique_ptr<SessionView> owner;
  std::unique_ptr<SessionView> guide;
};

TEST_F(ViewersTest, WhoIsFurtherBehindGetsItAll) { run(who_is_further_behind_gets_it_all()); }
TEST_F(ViewersTest, who_only_view_move_nothing) { run(to_the_end(who_only_views_moves_nothing())); }
TEST_F(ViewersTest, who_take_over_are_alone_until_they_give_it_back) { run(to_the_end(who_takes_over_is_alone())); }
TEST_F(ViewersTest, are_told_who_else_looks) { run(to_the_end(everybody_is_told())); }
TEST_F(ViewersTest, that_are_not_the_owner_are_in_the_owners_events) { run(to_the_end(an_event_tells_the_owner())); }
TEST_F(ViewersTest, need_less_to_view_than_to_interact) { run(to_the_end(reading_is_enough_to_view())); }

}  // namespace
}  // namespace berth::core
