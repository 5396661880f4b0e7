// SPDX-License-Identifier: Apache-2.0
#include "stores/contract/samples.h"

#include <cstdio>
#include <optional>
#include <type_traits>

#include "base/described.h"

namespace berth::stores::contract {
namespace {

template <class T>
std::string text_of(const T& value) {
  if constexpr (described::IsOptional<T>::value) {
    return value ? "some " + text_of(*value) : "none";
  } else if constexpr (std::is_same_v<T, core::Scopes>) {
    std::string text;
    for (const core::Scope scope : value) {
      text += std::string(enum_name(scope)) + ";";
    }
    return text;
  } else if constexpr (std::is_same_v<T, TimePoint>) {
    return std::to_string(value.time_since_epoch().count());
  } else if constexpr (std::is_same_v<T, double>) {
    char text[64];
    std::snprintf(text, sizeof text, "%a", value);
    return text;
  } else {
    return print_json(to_json(value));
  }
}

template <class... Fields>
std::string show_fields(const Fields&... fields) {
  std::string text;
  ((text += text_of(fields) + "\n"), ...);
  return text;
}

}  // namespace

TimePoint moment(long milliseconds) {
  return TimePoint{std::chrono::hours{24 * 365 * 55}} + Milliseconds{milliseconds};
}

std::string odd_text() {
  return "'; DROP TABLE accounts; -- \"quoted\" `ticked` \\back\\slash %s $1 :p1 ?1 \t tab \r\n lines \x01\x1f\x7f "
         "Grüße, 你好, שלום, 👩‍👩‍👧‍👦 \xF4\x8F\xBF\xBF";
}

std::string long_text() {
  std::string text;
  while (text.size() < 3'000'000) {
    text += odd_text();
  }
  return text;
}

core::Account plain_account(const std::string& id) {
  return {.id = AccountId(id), .name = {}, .role = core::Role::member, .created_at = moment(0)};
}

core::Token plain_token(const std::string& id, const std::string& account) {
  return {.id = TokenId(id), .account = AccountId(account), .hash = "hash of " + id, .created_at = moment(0)};
}

core::Image plain_image(const std::string& name) { return {.name = ImageName(name), .created_at = moment(0)}; }

core::StoredService plain_service(const std::string& name) {
  return {.name = name, .definition = {.name = name}, .token_hashes = {}, .created_at = moment(0)};
}

core::Instance plain_instance(const std::string& id, const std::string& account) {
  return {.id = InstanceId(id), .account = AccountId(account), .created_at = moment(0)};
}

core::Recording plain_recording(const std::string& id, const std::string& account) {
  return {.id = RecordingId(id), .account = AccountId(account), .instance = InstanceId("i"), .began_at = moment(0)};
}

core::Event plain_event(const std::string& detail) { return {.at = moment(0), .detail = detail}; }

core::Account full_account() {
  return {.id = AccountId(odd_text()), .name = long_text(), .role = core::Role::guest, .created_at = moment(-1)};
}

core::Token full_token() {
  using enum core::Scope;
  return {.id = TokenId("id " + odd_text()),
          .account = AccountId(odd_text()),
          .name = long_text(),
          .kind = core::TokenKind::browser,
          .scopes = {instances_read, images_write, accounts_write},
          .hash = "hash " + odd_text(),
          .created_at = moment(1),
          .expires_at = moment(2)};
}

core::Image full_image() {
  return {.name = ImageName(odd_text()),
          .source = "source " + odd_text(),
          .state = core::ImageState::failed,
          .progress = 1.0 / 3,
          .note = long_text(),
          .reason = "reason " + odd_text(),
          .size = Bytes{(1ULL << 62) + 1},
          .created_at = moment(3)};
}

core::StoredService full_service() {
  return {.name = odd_text(),
          .definition = {.name = odd_text(),
                         .listen = "listen " + odd_text(),
                         .tls_names = {"name " + odd_text(), ""},
                         .image = "image " + odd_text(),
                         .command = {"program", odd_text(), ""},
                         .port = 65'535,
                         .plan = "plan " + odd_text(),
                         .mode = core::ServiceMode::token,
                         .user = "user " + odd_text(),
                         .read_only = true,
                         .tokens_from = core::TokensFrom::accounts,
                         .tokens_file = "file " + odd_text(),
                         .tokens_webhook = "webhook " + odd_text(),
                         .tokens_webhook_secret_file = "secret file " + odd_text(),
                         .token_length = 1,
                         .greeting_limit = Seconds{2},
                         .queue_limit = Seconds{5},
                         .idle_limit = Seconds{3},
                         .total_limit = Seconds{4},
                         .max_instances = 4'294'967'295,
                         .least_ready = 5,
                         .most_ready = 6,
                         .allow = {odd_text()},
                         .deny = {"deny " + odd_text()},
                         .most_per_address = 7,
                         .most_per_token = 8,
                         .proof_of_work = 9,
                         .proxy_protocol = true},
          .token_hashes = {"hash", odd_text()},
          .created_at = moment(18)};
}

core::Instance full_instance() {
  return {.id = InstanceId("id " + odd_text()),
          .account = AccountId(odd_text()),
          .name = "name " + odd_text(),
          .image = ImageName("image " + odd_text()),
          .plan = {.name = "plan " + odd_text(),
                   .description = long_text(),
                   .cpu_percent = 1,
                   .memory = Bytes{(1ULL << 53) + 1},
                   .disk = Bytes{3},
                   .disk_kind = core::DiskKind::disk,
                   .processes = 4,
                   .open_files = 5,
                   .egress = core::Egress::dns_icmp,
                   .egress_kilobits = 6,
                   .no_new_privileges = true,
                   .lifetime = Seconds{7},
                   .longest_lifetime = Seconds{8},
                   .grace = Seconds{9},
                   .most_per_account = 10,
                   .guests = true,
                   .recording = core::RecordingKind::public_},
          .state = core::InstanceState::asleep,
          .reason = "reason " + odd_text(),
          .queue_number = (1ULL << 62) + 3,
          .share = "share " + odd_text(),
          .turn = (1ULL << 62) + 4,
          .lifetime = Seconds{11},
          .created_at = moment(12),
          .started_at = moment(13),
          .expires_at = moment(14),
          .longest_until = moment(15),
          .gone_at = moment(16),
          .gone_by = moment(23),
          .idempotency_key = "key " + odd_text(),
          .idempotency_digest = "digest " + odd_text(),
          .launch = {.command = {"program", odd_text(), ""},
                     .user = "user " + odd_text(),
                     .port = 65'535,
                     .read_only = true},
          .service = "service " + odd_text(),
          .service_key = "service key " + odd_text(),
          .recording = {.kind = core::RecordingKind::embargoed, .until = moment(18)}};
}

core::Recording full_recording() {
  return {.id = RecordingId("id " + odd_text()),
          .account = AccountId(odd_text()),
          .instance = InstanceId("instance " + odd_text()),
          .session = 0xffff'ffff,
          .title = long_text(),
          .policy = {.kind = core::RecordingKind::embargoed, .until = moment(19)},
          .began_at = moment(20),
          .ended_at = moment(21),
          .size = Bytes{(1ULL << 62) + 5},
          .duration = Seconds{22},
          .truncated = true,
          .share_hash = "share " + odd_text()};
}

core::Event full_event() {
  return {.sequence = 0,
          .type = core::EventType::image_failed,
          .at = moment(17),
          .account = AccountId("account " + odd_text()),
          .instance = InstanceId("instance " + odd_text()),
          .image = ImageName("image " + odd_text()),
          .attempt = AttemptId("attempt " + odd_text()),
          .lab = "lab " + odd_text(),
          .verdict = core::Verdict::not_yet,
          .detail = long_text()};
}

std::string show(const core::Account& account) {
  const auto& [id, name, role, created_at] = account;
  return show_fields(id, name, role, created_at);
}

std::string show(const core::Token& token) {
  const auto& [id, account, name, kind, scopes, hash, created_at, expires_at] = token;
  return show_fields(id, account, name, kind, scopes, hash, created_at, expires_at);
}

std::string show(const core::Image& image) {
  const auto& [name, source, state, progress, note, reason, size, created_at] = image;
  return show_fields(name, source, state, progress, note, reason, size, created_at);
}

std::string show(const core::StoredService& service) {
  const auto& [name, definition, token_hashes, created_at] = service;
  return show_fields(name, definition, token_hashes, created_at);
}

std::string show(const core::Instance& instance) {
  const auto& [id, account, name, image, plan, state, reason, queue_number, share, turn, lifetime, created_at,
               started_at, expires_at, longest_until, gone_at, gone_by, idempotency_key, idempotency_digest, launch,
               service, service_key, recording] = instance;
  return show_fields(id, account, name, image, plan, state, reason, queue_number, share, turn, lifetime, created_at,
                     started_at, expires_at, longest_until, gone_at, gone_by, idempotency_key, idempotency_digest,
                     launch, service, service_key, recording);
}

std::string show(const core::Recording& recording) {
  const auto& [id, account, instance, session, title, policy, began_at, ended_at, size, duration, truncated,
               share_hash] = recording;
  return show_fields(id, account, instance, session, title, policy, began_at, ended_at, size, duration, truncated,
                     share_hash);
}

std::string show(const core::Event& event) {
  const auto& [sequence, type, at, account, instance, image, attempt, lab, verdict, detail] = event;
  return show_fields(sequence, type, at, account, instance, image, attempt, lab, verdict, detail);
}

}  // namespace berth::stores::contract
