// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <exception>
#include <optional>
#include <string>
#include <vector>

#include "core/store.h"
#include "stores/sql/connection.h"

namespace berth::stores::sql {

// The verbs as statements of one connection, on the writer thread. Lives as long as its work runs; who made it commits
// or undoes.
class SqlTransaction final : public core::Transaction {
 public:
  explicit SqlTransaction(Connection& connection) : connection_(connection) {}

  // Throws again what a verb threw, in case the work caught it. Whether events were appended.
  bool finish() const;

  void put_account(const core::Account& account) override;
  std::optional<core::Account> find_account(const AccountId& id) override;
  std::vector<core::Account> list_accounts(const core::Page& page) override;
  std::size_t remove_lost_guests(TimePoint time) override;
  void put_token(const core::Token& token) override;
  std::optional<core::Token> find_token(const TokenId& id) override;
  std::optional<core::Token> find_token_by_hash(const std::string& hash) override;
  std::vector<core::Token> list_tokens(const AccountId& account, const core::Page& page) override;
  std::vector<core::Token> list_ssh_keys(const AccountId& account, const core::Page& page) override;
  void remove_token(const TokenId& id) override;
  std::size_t remove_tokens_expired_before(TimePoint time) override;
  void put_image(const core::Image& image) override;
  std::optional<core::Image> find_image(const ImageName& name) override;
  std::vector<core::Image> list_images() override;
  void remove_image(const ImageName& name) override;
  void put_service(const core::StoredService& service) override;
  std::vector<core::StoredService> list_services() override;
  void remove_service(const std::string& name) override;
  void put_instance(const core::Instance& instance) override;
  std::optional<core::Instance> find_instance(const InstanceId& id) override;
  std::optional<core::Instance> find_instance_by_key(const AccountId& account,
                                                     const std::string& idempotency_key) override;
  std::vector<core::Instance> list_instances(const core::InstanceFilter& filter) override;
  std::vector<core::Instance> list_queued(std::size_t limit) override;
  std::size_t count_queued_before(const core::Instance& instance) override;
  std::uint64_t last_turn_of(const std::string& share) override;
  std::size_t count_instances(const std::optional<AccountId>& account,
                              const std::vector<core::InstanceState>& states) override;
  std::vector<core::Instance> list_due(TimePoint time) override;
  std::uint64_t next_queue_number() override;
  std::uint64_t served_turn() override;
  void set_served_turn(std::uint64_t turn) override;
  std::size_t remove_instances_gone_before(TimePoint time) override;
  void put_lab(const core::Lab& lab) override;
  std::optional<core::Lab> find_lab(const LabId& id) override;
  std::vector<core::Lab> list_labs(const core::LabFilter& filter) override;
  void put_lab_contents(const core::LabContents& contents) override;
  std::optional<core::LabContents> find_lab_contents(const LabId& id) override;
  void put_attempt(const core::Attempt& attempt) override;
  std::optional<core::Attempt> find_attempt(const AttemptId& id) override;
  std::vector<core::Attempt> list_attempts(const core::AttemptFilter& filter) override;
  void put_check(const core::Check& check) override;
  std::vector<core::Check> list_checks(const AttemptId& attempt) override;
  void put_competition(const core::Competition& competition) override;
  std::optional<core::Competition> find_competition(const std::string& name) override;
  std::vector<core::Competition> list_competitions() override;
  void put_participant(const core::Participant& participant) override;
  std::optional<core::Participant> find_participant(const std::string& id) override;
  std::vector<core::Participant> list_participants(const std::string& competition) override;
  void put_membership(const core::Membership& membership) override;
  std::vector<core::Membership> list_memberships(const core::MembershipFilter& filter) override;
  void put_solve(const core::Solve& solve) override;
  std::optional<core::Solve> find_solve(const std::string& id) override;
  std::vector<core::Solve> list_solves(const std::string& competition) override;
  void put_invitation(const core::Invitation& invitation) override;
  std::optional<core::Invitation> find_invitation(const core::InvitationId& id) override;
  std::optional<core::Invitation> find_invitation_by_hash(const std::string& hash) override;
  std::optional<core::Invitation> find_invitation_of(const AccountId& candidate) override;
  std::vector<core::Invitation> list_invitations(const core::InvitationFilter& filter) override;
  void put_recording(const core::Recording& recording) override;
  std::optional<core::Recording> find_recording(const RecordingId& id) override;
  std::optional<core::Recording> find_recording_by_share(const std::string& share_hash) override;
  std::vector<core::Recording> list_recordings(const core::RecordingFilter& filter) override;
  void set_recording_words(const RecordingId& id, const std::vector<std::string>& words) override;
  void remove_recording(const RecordingId& id) override;
  void put_webhook(const core::Webhook& webhook) override;
  std::optional<core::Webhook> find_webhook(const core::WebhookId& id) override;
  std::vector<core::Webhook> list_webhooks() override;
  void remove_webhook(const core::WebhookId& id) override;
  std::uint64_t append_event(const core::Event& event) override;
  std::vector<core::Event> list_events(const core::EventFilter& filter) override;
  std::uint64_t last_event_sequence() override;
  std::size_t remove_events_before(TimePoint time) override;

 private:
  // Runs one verb and remembers that it threw.
  template <class Verb>
  auto guard(Verb verb);
  template <class Row>
  void put(const Row& row);
  template <class Row>
  std::vector<Row> list(Query query);
  template <class Row>
  std::optional<Row> find(Query query);
  std::uint64_t number(Query query);
  std::size_t change(Query query);

  Connection& connection_;
  std::exception_ptr fault_;
  bool appended_ = false;
};

}  // namespace berth::stores::sql
