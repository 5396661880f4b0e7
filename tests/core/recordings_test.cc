// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>

#include "core/host.h"

namespace berth::core {
namespace {

using testing::HasSubstr;
using testing::Not;
using wire::SessionKind;

// An archive whose disk is full from the first appended byte on.
class FullArchive final : public RecordingArchive {
 public:
  explicit FullArchive(RecordingArchive& archive) : archive_(archive) {}
  async::Task<> begin(RecordingHead head) override { return archive_.begin(std::move(head)); }
  async::Task<RecordingState> resume(RecordingId id) override { return archive_.resume(std::move(id)); }
  async::Task<> append(RecordingId /*id*/, std::vector<RecordedMoment> /*moments*/) override {
    throw Error(ErrorKind::unavailable, "no space left on device");
    co_return;
  }
  async::Task<RecordingSummary> finish(RecordingId id, bool truncated) override {
    return archive_.finish(std::move(id), truncated);
  }
  async::Task<> settle(RecordingId id) override { return archive_.settle(std::move(id)); }
  async::Task<> read(RecordingId id, bool truncated, Sink sink) override {
    return archive_.read(std::move(id), truncated, std::move(sink));
  }
  async::Task<> remove(RecordingId id) override { return archive_.remove(std::move(id)); }
  async::Task<std::vector<ArchivedRecording>> list() override { return archive_.list(); }

 private:
  RecordingArchive& archive_;
};

class RecordingsTest : public Host {
 protected:
  RecordingsTest() { plans.front().recording = RecordingKind::private_; }

  // A berthd of its own, which ends before the others.
  struct Beside {
    Beside(RecordingsTest& test, RecordingArchive& kept, RecordingLimits limits)
        : group(test.loop.get_executor()),
          recorder({.journal = test.journal,
                    .links = test.links,
                    .archive = kept,
                    .clock = test.clock,
                    .tasks = group,
                    .limits = limits,
                    .log = [](const std::string&) {}}),
          sessions(test.journal, test.instances, test.links, recorder, test.clock) {}
    async::TaskGroup group;
    Recorder recorder;
    Sessions sessions;
  };

  static async::Task<> keep(std::string& into, std::string piece) {
    into += piece;
    co_return;
  }

  async::Task<std::string> cast_of(Recording recording) {
    std::string cast;
    co_await recordings.read(std::move(recording), [&cast](std::string piece) { return keep(cast, std::move(piece)); });
    co_return cast;
  }

  async::Task<Recording> only_recording() {
    const auto list = co_await recordings.list(admin, {});
    if (list.size() != 1) {
      throw Error(ErrorKind::internal, std::to_string(list.size()) + " recordings");
    }
    co_return list[0];
  }

  async::Task<Recording> ended() {
    for (;;) {
      const unsigned long seen = journal.appended().count();
      const Recording recording = co_await only_recording();
      if (recording.ended_at) {
        co_return recording;
      }
      co_await journal.appended().wait_beyond(seen);
    }
  }

  async::Task<std::uint32_t> open_terminal(Sessions& in, InstanceId id) {
    wire::OpenSession request{.kind = SessionKind::terminal};
    request.size = {100, 30};
    co_return co_await in.open(admin, id, request);
  }

  // Types, and waits until the terminal has shown `answer`.
  async::Task<> type(SessionView& view, std::string text, std::string answer) {
    co_await view.input(std::move(text));
    std::string shown;
    while (!shown.contains(answer)) {
      const SessionItem item = co_await view.next();
      if (const auto* output = std::get_if<SessionOutput>(&item)) {
        shown += output->bytes;
        view.acknowledge(output->offset + output->bytes.size());
      }
    }
  }

  async::Task<> terminals_are_recorded() {
    const InstanceId id = (co_await start(admin)).instance.id;
    const auto session = co_await open_terminal(sessions, id);
    auto view = co_await sessions.attach(admin, id, session, 0);
    EXPECT_EQ((co_await sessions.list(admin, id))[0].viewers, 1U);
    co_await type(*view, "größe\n", "größe");
    clock.advance(Milliseconds{2500});
    view->resize({120, 40});
    co_await type(*view, "\x1b[31mred\x1b[0mdish\n", "dish");
    EXPECT_EQ(co_await kind_of(recordings.remove(admin, (co_await only_recording()).id)), "conflict");
    co_await view->input("exit 0\n");
    const Recording recording = co_await ended();
    EXPECT_FALSE(recording.truncated);
    EXPECT_EQ(recording.duration, Seconds{3});
    EXPECT_EQ(recording.instance, id);
    const std::string cast = co_await cast_of(recording);
    EXPECT_EQ(recording.size.count, cast.size());
    EXPECT_THAT(cast, testing::StartsWith("{\"version\":2,\"width\":100,\"height\":30,"));
    EXPECT_THAT(cast, HasSubstr("[0.000, \"o\", \"größe"));
    EXPECT_THAT(cast, HasSubstr("[2.500, \"r\", \"120x40\"]\n"));
    EXPECT_EQ((co_await recordings.list(admin, {.words = "Redd"})).size(), 1U);
    EXPECT_EQ((co_await recordings.list(admin, {.words = "nowhere"})).size(), 0U);
    EXPECT_EQ(co_await kind_of(recordings.list(admin, {.words = "..."})), "invalid_argument");
  }

  async::Task<> nothing_else_is_recorded() {
    const InstanceId id = (co_await start(admin)).instance.id;
    co_await sessions.open(admin, id, {.kind = SessionKind::command, .command = {"echo", "hi"}});
    const InstanceId other =
        (co_await start(admin, {.image = ImageName("busybox"), .plan = plans[1].name})).instance.id;
    co_await open_terminal(sessions, other);
    EXPECT_TRUE((co_await recordings.list(admin, {})).empty());
  }

  async::Task<> a_cut_link_is_not_seen() {
    const InstanceId id = (co_await start(admin)).instance.id;
    const auto session = co_await open_terminal(sessions, id);
    auto view = co_await sessions.attach(admin, id, session, 0);
    co_await type(*view, "before\n", "before");
    links.drop(id);
    view = co_await sessions.attach(admin, id, session, 0);
    co_await type(*view, "after\n", "after");
    co_await view->input("exit 0\n");
    const Recording recording = co_await ended();
    EXPECT_FALSE(recording.truncated);
    const std::string cast = co_await cast_of(recording);
    EXPECT_THAT(cast, HasSubstr("before"));
    EXPECT_THAT(cast, HasSubstr("after"));
    EXPECT_THAT(cast, Not(HasSubstr("not recorded")));
  }

  async::Task<> a_restart_goes_on() {
    const InstanceId id = (co_await start(admin)).instance.id;
    std::uint32_t session = 0;
    {
      Beside earlier(*this, archive, {});
      session = co_await open_terminal(earlier.sessions, id);
      auto view = co_await sessions.attach(admin, id, session, 0);
      co_await type(*view, "before\n", "before");
      EXPECT_TRUE(co_await earlier.group.stop(Seconds{5}));
    }
    auto view = co_await sessions.attach(admin, id, session, 0);
    co_await type(*view, "meanwhile\n", "meanwhile");
    co_await recorder.tidy();
    co_await type(*view, "after\n", "after");
    co_await view->input("exit 0\n");
    const Recording recording = co_await ended();
    EXPECT_FALSE(recording.truncated);
    const std::string cast = co_await cast_of(recording);
    EXPECT_LT(cast.find("before"), cast.find("meanwhile"));
    EXPECT_LT(cast.find("meanwhile"), cast.find("after"));
    EXPECT_EQ(cast.find("before"), cast.rfind("before"));
  }

  async::Task<> an_end_meanwhile_is_found() {
    const InstanceId id = (co_await start(admin)).instance.id;
    {
      Beside earlier(*this, archive, {});
      co_await open_terminal(earlier.sessions, id);
      EXPECT_TRUE(co_await earlier.group.stop(Seconds{5}));
    }
    co_await instances.act(admin, id, Action::stop);
    co_await recorder.tidy();
    EXPECT_FALSE((co_await ended()).truncated);
  }

  async::Task<> a_lost_file_ends_its_row() {
    const InstanceId id = (co_await start(admin)).instance.id;
    {
      Beside earlier(*this, archive, {});
      co_await open_terminal(earlier.sessions, id);
      EXPECT_TRUE(co_await earlier.group.stop(Seconds{5}));
    }
    co_await archive.remove((co_await only_recording()).id);
    co_await recorder.tidy();
    EXPECT_TRUE((co_await ended()).truncated);
  }

  async::Task<> the_largest_size_cuts() {
    const InstanceId id = (co_await start(admin)).instance.id;
    Beside small(*this, archive, {.largest = 1_KiB});
    const auto session = co_await open_terminal(small.sessions, id);
    auto view = co_await sessions.attach(admin, id, session, 0);
    co_await type(*view, std::string(3000, 'x') + "\n", "xxx");
    const Recording recording = co_await ended();
    EXPECT_TRUE(recording.truncated);
    const std::string cast = co_await cast_of(recording);
    EXPECT_THAT(cast, HasSubstr("\"m\", \"the recording was cut here\"]\n"));
    EXPECT_THAT(cast, HasSubstr("\"o\", \"\\r\\n\\u001b[0;7m the recording was cut here"));
    co_await type(*view, "goes on\n", "goes on");
    EXPECT_TRUE(co_await small.group.stop(Seconds{5}));
  }

  async::Task<> a_full_disk_cuts() {
    const InstanceId id = (co_await start(admin)).instance.id;
    FullArchive full(archive);
    Beside unlucky(*this, full, {});
    const auto session = co_await open_terminal(unlucky.sessions, id);
    auto view = co_await sessions.attach(admin, id, session, 0);
    co_await type(*view, "lost\n", "lost");
    const Recording recording = co_await ended();
    EXPECT_TRUE(recording.truncated);
    EXPECT_THAT(co_await cast_of(recording), HasSubstr("the recording was cut here"));
    co_await type(*view, "goes on\n", "goes on");
    EXPECT_TRUE(co_await unlucky.group.stop(Seconds{5}));
  }

  async::Task<Recording> put(RecordingKind kind, std::optional<TimePoint> until, AccountId account) {
    const Recording recording{.id = RecordingId(random_name(8)),
                              .account = account,
                              .instance = InstanceId("i"),
                              .policy = {kind, until},
                              .began_at = clock.now(),
                              .ended_at = clock.now(),
                              .share_hash = {}};
    co_await journal.transact([&](Transaction& transaction) { transaction.put_recording(recording); });
    co_return recording;
  }

  async::Task<> only_who_may_sees() {
    using enum RecordingKind;
    const Caller owner = co_await caller("owner");
    const Caller other = co_await caller("other");
    const auto seen = [this](std::optional<Caller> visitor, RecordingId id) {
      return kind_of(recordings.find(std::move(visitor), std::move(id)));
    };
    const Recording own = co_await put(private_, {}, owner.account.id);
    EXPECT_EQ(co_await seen(owner, own.id), "none");
    EXPECT_EQ(co_await seen(admin, own.id), "none");
    EXPECT_EQ(co_await seen(other, own.id), "not_found");
    EXPECT_EQ(co_await seen({}, own.id), "not_found");
    const Recording open = co_await put(public_, {}, owner.account.id);
    EXPECT_EQ(co_await seen({}, open.id), "none");
    const Recording later = co_await put(embargoed, clock.now() + Seconds{60}, owner.account.id);
    EXPECT_EQ(co_await seen(owner, later.id), "none");
    EXPECT_EQ(co_await seen(other, later.id), "not_found");
    EXPECT_EQ(co_await kind_of(recordings.share(owner, later.id)), "conflict");
    clock.advance(Seconds{60});
    EXPECT_EQ(co_await seen({}, later.id), "none");
    EXPECT_EQ((co_await recordings.list(owner, {})).size(), 3U);
    EXPECT_TRUE((co_await recordings.list(other, {})).empty());
    EXPECT_EQ(co_await kind_of(recordings.list(other, {.everyone = true})), "forbidden");
    EXPECT_EQ((co_await recordings.list(admin, {.everyone = true})).size(), 3U);
  }

  async::Task<> links_show_one() {
    const Caller owner = co_await caller("owner");
    const Caller other = co_await caller("other");
    const Recording recording = co_await put(RecordingKind::private_, {}, owner.account.id);
    EXPECT_EQ(co_await kind_of(recordings.share(other, recording.id)), "not_found");
    const Secret first = co_await recordings.share(owner, recording.id);
    EXPECT_EQ((co_await recordings.find_shared(first)).id, recording.id);
    const Secret second = co_await recordings.share(owner, recording.id);
    EXPECT_EQ(co_await kind_of(recordings.find_shared(first)), "not_found");
    EXPECT_EQ((co_await recordings.find_shared(second)).id, recording.id);
    co_await recordings.unshare(owner, recording.id);
    EXPECT_EQ(co_await kind_of(recordings.find_shared(second)), "not_found");
  }

  async::Task<> owners_remove() {
    const Caller owner = co_await caller("owner");
    const Caller other = co_await caller("other");
    const Recording recording = co_await put(RecordingKind::public_, {}, owner.account.id);
    EXPECT_EQ(co_await kind_of(recordings.remove(other, recording.id)), "not_found");
    EXPECT_EQ(co_await kind_of(recordings.remove(owner, recording.id)), "none");
    EXPECT_EQ(co_await kind_of(recordings.find(owner, recording.id)), "not_found");
  }

  async::Task<> old_ones_go() {
    const Caller owner = co_await caller("owner");
    const Recording old = co_await put(RecordingKind::private_, {}, owner.account.id);
    co_await archive.begin({.id = old.id, .title = {}, .began_at = clock.now(), .size = {}});
    clock.advance(std::chrono::hours{24 * 90});
    co_await recorder.tidy();
    EXPECT_EQ(co_await kind_of(recordings.find(owner, old.id)), "none");
    clock.advance(Seconds{1});
    co_await recorder.tidy();
    EXPECT_EQ(co_await kind_of(recordings.find(owner, old.id)), "not_found");
    EXPECT_TRUE((co_await archive.list()).empty());
  }
};

TEST_F(RecordingsTest, hold_what_a_terminal_shows_with_its_times_and_sizes) { run(terminals_are_recorded()); }
TEST_F(RecordingsTest, are_made_of_terminals_where_the_plan_says_so_only) { run(nothing_else_is_recorded()); }
TEST_F(RecordingsTest, go_on_over_a_link_that_was_cut) { run(a_cut_link_is_not_seen()); }
TEST_F(RecordingsTest, go_on_where_an_earlier_berthd_left_them) { run(a_restart_goes_on()); }
TEST_F(RecordingsTest, end_when_their_terminal_is_gone_after_a_restart) { run(an_end_meanwhile_is_found()); }
TEST_F(RecordingsTest, without_a_file_are_ended_and_marked) { run(a_lost_file_ends_its_row()); }
TEST_F(RecordingsTest, are_cut_at_their_largest_size_with_a_mark) { run(the_largest_size_cuts()); }
TEST_F(RecordingsTest, are_cut_by_a_full_disk_while_the_terminal_goes_on) { run(a_full_disk_cuts()); }
TEST_F(RecordingsTest, are_seen_by_whom_their_policy_lets) { run(only_who_may_sees()); }
TEST_F(RecordingsTest, are_shown_by_the_last_share_link_only) { run(links_show_one()); }
TEST_F(RecordingsTest, are_removed_by_their_owner) { run(owners_remove()); }
TEST_F(RecordingsTest, are_removed_when_they_are_old) { run(old_ones_go()); }

}  // namespace
}  // namespace berth::core
