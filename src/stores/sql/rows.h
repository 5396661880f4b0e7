// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <span>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

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
#include "stores/sql/value.h"

namespace berth::stores::sql {

template <class Row, class Member>
struct Column {
  std::string_view name;
  Member Row::* member;
};

// Where and as what a noun is kept; the first column is its key.
template <class Row>
struct Table;

template <>
struct Table<core::Account> {
  using Row = core::Account;
  static constexpr std::string_view name = "accounts";
  static constexpr std::tuple columns{Column{"id", &Row::id}, Column{"name", &Row::name}, Column{"role", &Row::role},
                                      Column{"created_at", &Row::created_at}};
};

template <>
struct Table<core::Token> {
  using Row = core::Token;
  static constexpr std::string_view name = "tokens";
  static constexpr std::tuple columns{Column{"id", &Row::id},
                                      Column{"account", &Row::account},
                                      Column{"name", &Row::name},
                                      Column{"kind", &Row::kind},
                                      Column{"scopes", &Row::scopes},
                                      Column{"hash", &Row::hash},
                                      Column{"created_at", &Row::created_at},
                                      Column{"expires_at", &Row::expires_at}};
};

template <>
struct Table<core::Image> {
  using Row = core::Image;
  static constexpr std::string_view name = "images";
  static constexpr std::tuple columns{Column{"name", &Row::name},   Column{"source", &Row::source},
                                      Column{"state", &Row::state}, Column{"progress", &Row::progress},
                                      Column{"note", &Row::note},   Column{"reason", &Row::reason},
                                      Column{"size", &Row::size},   Column{"created_at", &Row::created_at}};
};

template <>
struct Table<core::StoredService> {
  using Row = core::StoredService;
  static constexpr std::string_view name = "services";
  static constexpr std::tuple columns{Column{"name", &Row::name}, Column{"definition", &Row::definition},
                                      Column{"token_hashes", &Row::token_hashes},
                                      Column{"created_at", &Row::created_at}};
};

template <>
struct Table<core::Instance> {
  using Row = core::Instance;
  static constexpr std::string_view name = "instances";
  static constexpr std::tuple columns{Column{"id", &Row::id},
                                      Column{"account", &Row::account},
                                      Column{"name", &Row::name},
                                      Column{"image", &Row::image},
                                      Column{"plan", &Row::plan},
                                      Column{"state", &Row::state},
                                      Column{"reason", &Row::reason},
                                      Column{"queue_number", &Row::queue_number},
                                      Column{"lifetime", &Row::lifetime},
                                      Column{"created_at", &Row::created_at},
                                      Column{"started_at", &Row::started_at},
                                      Column{"expires_at", &Row::expires_at},
                                      Column{"longest_until", &Row::longest_until},
                                      Column{"gone_at", &Row::gone_at},
                                      Column{"idempotency_key", &Row::idempotency_key},
                                      Column{"idempotency_digest", &Row::idempotency_digest},
                                      Column{"launch", &Row::launch},
                                      Column{"service", &Row::service},
                                      Column{"service_key", &Row::service_key},
                                      Column{"share", &Row::share},
                                      Column{"turn", &Row::turn},
                                      Column{"recording", &Row::recording},
                                      Column{"gone_by", &Row::gone_by}};
};

template <>
struct Table<core::Recording> {
  using Row = core::Recording;
  static constexpr std::string_view name = "recordings";
  static constexpr std::tuple columns{Column{"id", &Row::id},
                                      Column{"account", &Row::account},
                                      Column{"instance", &Row::instance},
                                      Column{"session", &Row::session},
                                      Column{"title", &Row::title},
                                      Column{"policy", &Row::policy},
                                      Column{"began_at", &Row::began_at},
                                      Column{"ended_at", &Row::ended_at},
                                      Column{"size", &Row::size},
                                      Column{"duration", &Row::duration},
                                      Column{"truncated", &Row::truncated},
                                      Column{"share_hash", &Row::share_hash}};
};

template <>
struct Table<core::Lab> {
  using Row = core::Lab;
  static constexpr std::string_view name = "labs";
  static constexpr std::tuple columns{Column{"id", &Row::id},
                                      Column{"name", &Row::name},
                                      Column{"version", &Row::version},
                                      Column{"author", &Row::author},
                                      Column{"state", &Row::state},
                                      Column{"reason", &Row::reason},
                                      Column{"manifest", &Row::manifest},
                                      Column{"plan", &Row::plan},
                                      Column{"created_at", &Row::created_at}};
};

template <>
struct Table<core::LabContents> {
  using Row = core::LabContents;
  static constexpr std::string_view name = "lab_contents";
  static constexpr std::tuple columns{Column{"lab", &Row::lab}, Column{"files", &Row::files}};
};

template <>
struct Table<core::Attempt> {
  using Row = core::Attempt;
  static constexpr std::string_view name = "attempts";
  static constexpr std::tuple columns{Column{"id", &Row::id},
                                      Column{"account", &Row::account},
                                      Column{"lab", &Row::lab},
                                      Column{"lab_name", &Row::lab_name},
                                      Column{"state", &Row::state},
                                      Column{"reason", &Row::reason},
                                      Column{"machines", &Row::machines},
                                      Column{"hints", &Row::hints},
                                      Column{"steps_done", &Row::steps_done},
                                      Column{"checks", &Row::checks},
                                      Column{"created_at", &Row::created_at},
                                      Column{"started_at", &Row::started_at},
                                      Column{"expires_at", &Row::expires_at},
                                      Column{"solved_at", &Row::solved_at},
                                      Column{"ended_at", &Row::ended_at},
                                      Column{"stopped_at", &Row::stopped_at},
                                      Column{"paused", &Row::paused},
                                      Column{"kept_until", &Row::kept_until},
                                      Column{"notice_at", &Row::notice_at}};
};

template <>
struct Table<core::Check> {
  using Row = core::Check;
  static constexpr std::string_view name = "checks";
  static constexpr std::tuple columns{Column{"id", &Row::id},
                                      Column{"attempt", &Row::attempt},
                                      Column{"at", &Row::at},
                                      Column{"verdict", &Row::verdict},
                                      Column{"step", &Row::step},
                                      Column{"reason", &Row::reason},
                                      Column{"milliseconds", &Row::milliseconds}};
};

template <>
struct Table<core::Competition> {
  using Row = core::Competition;
  static constexpr std::string_view name = "competitions";
  static constexpr std::tuple columns{Column{"name", &Row::name}, Column{"definition", &Row::definition},
                                      Column{"created_at", &Row::created_at}};
};

template <>
struct Table<core::Participant> {
  using Row = core::Participant;
  static constexpr std::string_view name = "participants";
  static constexpr std::tuple columns{Column{"id", &Row::id},     Column{"competition", &Row::competition},
                                      Column{"name", &Row::name}, Column{"region", &Row::region},
                                      Column{"code", &Row::code}, Column{"created_at", &Row::created_at}};
};

template <>
struct Table<core::Membership> {
  using Row = core::Membership;
  static constexpr std::string_view name = "memberships";
  static constexpr std::tuple columns{Column{"id", &Row::id}, Column{"competition", &Row::competition},
                                      Column{"account", &Row::account}, Column{"participant", &Row::participant},
                                      Column{"joined_at", &Row::joined_at}};
};

template <>
struct Table<core::Solve> {
  using Row = core::Solve;
  static constexpr std::string_view name = "solves";
  static constexpr std::tuple columns{
      Column{"id", &Row::id},   Column{"competition", &Row::competition}, Column{"participant", &Row::participant},
      Column{"lab", &Row::lab}, Column{"account", &Row::account},         Column{"attempt", &Row::attempt},
      Column{"at", &Row::at}};
};

template <>
struct Table<core::Invitation> {
  using Row = core::Invitation;
  static constexpr std::string_view name = "invitations";
  static constexpr std::tuple columns{Column{"id", &Row::id},
                                      Column{"reviewer", &Row::reviewer},
                                      Column{"name", &Row::name},
                                      Column{"labs", &Row::labs},
                                      Column{"hash", &Row::hash},
                                      Column{"created_at", &Row::created_at},
                                      Column{"expires_at", &Row::expires_at},
                                      Column{"candidate", &Row::candidate},
                                      Column{"opened_at", &Row::opened_at},
                                      Column{"revoked_at", &Row::revoked_at}};
};

template <>
struct Table<core::Webhook> {
  using Row = core::Webhook;
  static constexpr std::string_view name = "webhooks";
  static constexpr std::tuple columns{Column{"id", &Row::id},
                                      Column{"url", &Row::url},
                                      Column{"types", &Row::types},
                                      Column{"secret", &Row::secret},
                                      Column{"earlier_secret", &Row::earlier_secret},
                                      Column{"earlier_until", &Row::earlier_until},
                                      Column{"enabled", &Row::enabled},
                                      Column{"reason", &Row::reason},
                                      Column{"created_at", &Row::created_at},
                                      Column{"delivered_through", &Row::delivered_through},
                                      Column{"delivered", &Row::delivered},
                                      Column{"dropped", &Row::dropped},
                                      Column{"missed", &Row::missed}};
};

template <>
struct Table<core::Event> {
  using Row = core::Event;
  static constexpr std::string_view name = "events";
  static constexpr std::tuple columns{
      Column{"sequence", &Row::sequence}, Column{"type", &Row::type},         Column{"at", &Row::at},
      Column{"account", &Row::account},   Column{"instance", &Row::instance}, Column{"image", &Row::image},
      Column{"attempt", &Row::attempt},   Column{"lab", &Row::lab},           Column{"verdict", &Row::verdict},
      Column{"detail", &Row::detail}};
};

// Calls `visit` with each column of a noun's table.
template <class Row, class Visit>
void for_each_column(Visit visit) {
  std::apply([&](const auto&... column) { (visit(column), ...); }, Table<Row>::columns);
}

// "id, name, role": in the order of kinds_of() and read_row().
template <class Row>
std::string column_list() {
  std::string list;
  for_each_column<Row>([&](const auto& column) { list += (list.empty() ? "" : ", ") + std::string(column.name); });
  return list;
}

template <class Row>
const std::vector<Kind>& kinds_of() {
  static const std::vector<Kind> kinds = std::apply(
      [](const auto&... column) {
        return std::vector<Kind>{kind_of<std::remove_cvref_t<decltype(std::declval<Row>().*column.member)>>()...};
      },
      Table<Row>::columns);
  return kinds;
}

template <class Row>
Row read_row(std::span<const Value> values) {
  Row row;
  std::size_t index = 0;
  for_each_column<Row>([&](const auto& column) { from_value(values[index++], row.*column.member); });
  return row;
}

}  // namespace berth::stores::sql
