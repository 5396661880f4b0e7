// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "async/task.h"
#include "core/access.h"
#include "core/attempt.h"
#include "core/competition.h"
#include "core/event.h"
#include "core/image.h"
#include "core/instance.h"
#include "core/invitation.h"
#include "core/lab.h"
#include "core/recording.h"
#include "core/service_definition.h"
#include "core/webhook.h"

namespace berth::core {

struct InstanceFilter {
  std::optional<AccountId> account;
  std::optional<std::string> service;  // made for its clients
  std::vector<InstanceState> states;   // empty: all
  std::optional<std::string> before;   // cursor: id of the last instance of the page before
  std::size_t limit = 50;              // 0: no limit
};

struct LabFilter {
  std::optional<std::string> name;
  std::vector<LabState> states;  // empty: all
};

struct AttemptFilter {
  std::optional<AccountId> account;
  std::optional<std::string> lab_name;
  std::vector<AttemptState> states;   // empty: all
  std::optional<std::string> before;  // cursor: id of the last attempt of the page before
  std::size_t limit = 50;             // 0: no limit
};

struct MembershipFilter {
  std::optional<AccountId> account;
  std::optional<std::string> competition;
};

struct EventFilter {
  std::uint64_t after = 0;
  std::optional<AccountId> account;  // theirs and everybody's; none: all
  std::optional<InstanceId> instance;
  std::size_t limit = 50;
  std::vector<EventType> types = {};  // empty: all
};

struct Page {
  std::optional<std::string> after;  // cursor: id of the last item of the page before
  std::size_t limit = 50;            // 0: no limit
};

// The verbs of one transaction. Serializable: what it reads does not change until it ends. put_ inserts or replaces by
// id. Throws Error{unavailable} when the database does (full disk, lost connection), {conflict} for a second use of a
// token hash or idempotency key and for an account that is not there, {invalid_argument} for what core/storable.h
// refuses. A verb that throws undoes the whole transaction, even when `work` catches it. A limit of 0 is none.
class Transaction {
 public:
  virtual ~Transaction() = default;

  virtual void put_account(const Account& account) = 0;
  virtual std::optional<Account> find_account(const AccountId& id) = 0;
  virtual std::vector<Account> list_accounts(const Page& page) = 0;  // by id
  // Guests made before `time` without a token, an instance or a recording: nobody can come back to them. How many.
  virtual std::size_t remove_lost_guests(TimePoint time) = 0;

  virtual void put_token(const Token& token) = 0;
  virtual std::optional<Token> find_token(const TokenId& id) = 0;
  virtual std::optional<Token> find_token_by_hash(const std::string& hash) = 0;
  // What is_listed(), by id.
  virtual std::vector<Token> list_tokens(const AccountId& account, const Page& page) = 0;
  virtual std::vector<Token> list_ssh_keys(const AccountId& account, const Page& page) = 0;  // by id
  virtual void remove_token(const TokenId& id) = 0;
  virtual std::size_t remove_tokens_expired_before(TimePoint time) = 0;  // how many

  virtual void put_image(const Image& image) = 0;
  virtual std::optional<Image> find_image(const ImageName& name) = 0;
  virtual std::vector<Image> list_images() = 0;  // by name
  virtual void remove_image(const ImageName& name) = 0;

  // Those made by API.
  virtual void put_service(const StoredService& service) = 0;
  virtual std::vector<StoredService> list_services() = 0;  // by name
  virtual void remove_service(const std::string& name) = 0;

  // Error{conflict} also for a second instance with the key of a service that is not gone.
  virtual void put_instance(const Instance& instance) = 0;
  virtual std::optional<Instance> find_instance(const InstanceId& id) = 0;
  virtual std::optional<Instance> find_instance_by_key(const AccountId& account,
                                                       const std::string& idempotency_key) = 0;
  // Newest first: by created_at, then id, both falling.
  virtual std::vector<Instance> list_instances(const InstanceFilter& filter) = 0;
  virtual std::vector<Instance> list_queued(std::size_t limit) = 0;  // by turn, then queue_number
  virtual std::size_t count_queued_before(const Instance& instance) = 0;
  virtual std::uint64_t last_turn_of(const std::string& share) = 0;  // of its queued ones; 0: none
  virtual std::size_t count_instances(const std::optional<AccountId>& account,
                                      const std::vector<InstanceState>& states) = 0;
  // Not gone, and expires_at (in grace: gone_at) or gone_by is at or before `time`. Oldest first.
  virtual std::vector<Instance> list_due(TimePoint time) = 0;
  virtual std::uint64_t next_queue_number() = 0;
  virtual std::uint64_t served_turn() = 0;  // the turn of the last one that left the queue to start
  virtual void set_served_turn(std::uint64_t turn) = 0;
  virtual std::size_t remove_instances_gone_before(TimePoint time) = 0;  // how many

  // Error{conflict} also for a second published version of a name.
  virtual void put_lab(const Lab& lab) = 0;
  virtual std::optional<Lab> find_lab(const LabId& id) = 0;
  virtual std::vector<Lab> list_labs(const LabFilter& filter) = 0;  // by name, then the newest version first
  virtual void put_lab_contents(const LabContents& contents) = 0;
  virtual std::optional<LabContents> find_lab_contents(const LabId& id) = 0;

  // Error{conflict} also for a second one of an account at a lab that is not over.
  virtual void put_attempt(const Attempt& attempt) = 0;
  virtual std::optional<Attempt> find_attempt(const AttemptId& id) = 0;
  virtual std::vector<Attempt> list_attempts(const AttemptFilter& filter) = 0;  // newest first, as instances
  virtual void put_check(const Check& check) = 0;
  virtual std::vector<Check> list_checks(const AttemptId& attempt) = 0;  // oldest first

  virtual void put_competition(const Competition& competition) = 0;
  virtual std::optional<Competition> find_competition(const std::string& name) = 0;
  virtual std::vector<Competition> list_competitions() = 0;  // by name
  virtual void put_participant(const Participant& participant) = 0;
  virtual std::optional<Participant> find_participant(const std::string& id) = 0;
  virtual std::vector<Participant> list_participants(const std::string& competition) = 0;  // by id
  virtual void put_membership(const Membership& membership) = 0;
  virtual std::vector<Membership> list_memberships(const MembershipFilter& filter) = 0;  // by id
  virtual void put_solve(const Solve& solve) = 0;
  virtual std::optional<Solve> find_solve(const std::string& id) = 0;
  virtual std::vector<Solve> list_solves(const std::string& competition) = 0;  // by id
  // Error{conflict} also for a second use of a hash or a candidate.
  virtual void put_invitation(const Invitation& invitation) = 0;
  virtual std::optional<Invitation> find_invitation(const InvitationId& id) = 0;
  virtual std::optional<Invitation> find_invitation_by_hash(const std::string& hash) = 0;
  virtual std::optional<Invitation> find_invitation_of(const AccountId& candidate) = 0;
  virtual std::vector<Invitation> list_invitations(const InvitationFilter& filter) = 0;  // newest first, as instances

  virtual void put_recording(const Recording& recording) = 0;
  virtual std::optional<Recording> find_recording(const RecordingId& id) = 0;
  virtual std::optional<Recording> find_recording_by_share(const std::string& share_hash) = 0;
  // Newest first: by began_at, then id, both falling.
  virtual std::vector<Recording> list_recordings(const RecordingFilter& filter) = 0;
  // What RecordingFilter::words looks in, each as in core/searchable_words.h. Of no recording: nothing.
  virtual void set_recording_words(const RecordingId& id, const std::vector<std::string>& words) = 0;
  virtual void remove_recording(const RecordingId& id) = 0;  // and its words

  virtual void put_webhook(const Webhook& webhook) = 0;
  virtual std::optional<Webhook> find_webhook(const WebhookId& id) = 0;
  virtual std::vector<Webhook> list_webhooks() = 0;  // by id
  virtual void remove_webhook(const WebhookId& id) = 0;

  virtual std::uint64_t append_event(const Event& event) = 0;             // its sequence number
  virtual std::vector<Event> list_events(const EventFilter& filter) = 0;  // by sequence
  virtual std::uint64_t last_event_sequence() = 0;                        // 0: none yet
  virtual std::size_t remove_events_before(TimePoint time) = 0;           // how many; never the last one
};

// Where state is kept. Lives as long as the server; transactions under way at its end are finished first.
class Store {
 public:
  virtual ~Store() = default;
  // Runs `work` on the writer thread, commits durably, and resumes the caller on its own executor. Whether it appended
  // events. When `work` throws, everything it did is undone and the exception is passed on. `work` must not block. Not
  // cancellable: a cancelled caller still waits for the end, so `work` may refer to what the caller holds.
  virtual async::Task<bool> transact(std::function<void(Transaction&)> work) = 0;
};

}  // namespace berth::core
