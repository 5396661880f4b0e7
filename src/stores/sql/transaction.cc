// SPDX-License-Identifier: Apache-2.0
#include "stores/sql/transaction.h"

#include <algorithm>
#include <tuple>
#include <utility>

#include "stores/sql/transaction_parts.h"

namespace berth::stores::sql {

using core::Account;
using core::Attempt;
using core::Check;
using core::Event;
using core::Image;
using core::Instance;
using core::Lab;
using core::LabContents;
using core::Token;

bool SqlTransaction::finish() const {
  if (fault_) {
    std::rethrow_exception(fault_);
  }
  return appended_;
}

std::uint64_t SqlTransaction::number(Query query) {
  return guard([&] {
    std::uint64_t number = 0;
    connection_.execute(std::move(query), {Kind::integer},
                        [&](std::span<const Value> values) { from_value(values[0], number); });
    return number;
  });
}

std::size_t SqlTransaction::change(Query query) {
  return guard([&] { return connection_.execute(std::move(query)); });
}

void SqlTransaction::put_account(const Account& account) { put(account); }

std::optional<Account> SqlTransaction::find_account(const AccountId& id) {
  return find<Account>(select<Account>().add("id = ", id));
}

std::vector<Account> SqlTransaction::list_accounts(const core::Page& page) {
  Query query = select<Account>().add("id > ", page.after.value_or(""));
  return list<Account>(query.add(" ORDER BY id").add_limit(page.limit));
}

std::size_t SqlTransaction::remove_lost_guests(TimePoint time) {
  return change(Query("DELETE FROM accounts WHERE role = 'guest' AND ")
                    .add("created_at < ", time)
                    .add(" AND NOT EXISTS (SELECT 1 FROM tokens WHERE account = accounts.id)"
                         " AND NOT EXISTS (SELECT 1 FROM instances WHERE account = accounts.id)"
                         " AND NOT EXISTS (SELECT 1 FROM recordings WHERE account = accounts.id)"));
}

void SqlTransaction::put_token(const Token& token) { put(token); }

std::optional<Token> SqlTransaction::find_token(const TokenId& id) {
  return find<Token>(select<Token>().add("id = ", id));
}

std::optional<Token> SqlTransaction::find_token_by_hash(const std::string& hash) {
  return find<Token>(select<Token>().add("hash = ", hash));
}

std::vector<Token> SqlTransaction::list_tokens(const AccountId& account, const core::Page& page) {
  Query query = select<Token>().add("account = ", account).add(" AND id > ", page.after.value_or(""));
  return list<Token>(query.add(" AND kind IN ('api_token', 'browser', 'tcp_token') ORDER BY id").add_limit(page.limit));
}

std::vector<Token> SqlTransaction::list_ssh_keys(const AccountId& account, const core::Page& page) {
  Query query = select<Token>().add("account = ", account).add(" AND id > ", page.after.value_or(""));
  return list<Token>(query.add(" AND kind = 'ssh_key' ORDER BY id").add_limit(page.limit));
}

void SqlTransaction::remove_token(const TokenId& id) { change(Query("DELETE FROM tokens WHERE ").add("id = ", id)); }

std::size_t SqlTransaction::remove_tokens_expired_before(TimePoint time) {
  return change(Query("DELETE FROM tokens WHERE ").add("expires_at < ", time));
}

void SqlTransaction::put_image(const Image& image) { put(image); }

std::optional<Image> SqlTransaction::find_image(const ImageName& name) {
  return find<Image>(select<Image>().add("name = ", name));
}

std::vector<Image> SqlTransaction::list_images() { return list<Image>(select<Image>().add("TRUE ORDER BY name")); }

void SqlTransaction::remove_image(const ImageName& name) {
  change(Query("DELETE FROM images WHERE ").add("name = ", name));
}

void SqlTransaction::put_service(const core::StoredService& service) { put(service); }

std::vector<core::StoredService> SqlTransaction::list_services() {
  return list<core::StoredService>(select<core::StoredService>().add("TRUE ORDER BY name"));
}

void SqlTransaction::remove_service(const std::string& name) {
  change(Query("DELETE FROM services WHERE ").add("name = ", name));
}

void SqlTransaction::put_instance(const Instance& instance) { put(instance); }

std::optional<Instance> SqlTransaction::find_instance(const InstanceId& id) {
  return find<Instance>(select<Instance>().add("id = ", id));
}

std::optional<Instance> SqlTransaction::find_instance_by_key(const AccountId& account,
                                                             const std::string& idempotency_key) {
  return find<Instance>(select<Instance>()
                            .add("account = ", account)
                            .add(" AND idempotency_key = ", idempotency_key)
                            .add(" AND idempotency_key <> ''"));
}

std::vector<Instance> SqlTransaction::list_instances(const core::InstanceFilter& filter) {
  Query query = select<Instance>().add("TRUE");
  if (filter.account) {
    query.add(" AND account = ", *filter.account);
  }
  if (filter.service) {
    query.add(" AND service = ", *filter.service);
  }
  if (!filter.states.empty()) {
    query.add_in(" AND state", filter.states);
  }
  if (filter.before) {
    query.add(" AND (created_at, id) < (SELECT created_at, id FROM instances WHERE id = ", *filter.before).add(")");
  }
  return list<Instance>(query.add(" ORDER BY created_at DESC, id DESC").add_limit(filter.limit));
}

std::vector<Instance> SqlTransaction::list_queued(std::size_t limit) {
  return list<Instance>(select<Instance>().add("state = 'queued' ORDER BY turn, queue_number, id").add_limit(limit));
}

std::size_t SqlTransaction::count_queued_before(const Instance& instance) {
  return number(std::move(Query("SELECT COUNT(*) FROM instances WHERE state = 'queued' AND (turn, queue_number, id) < ")
                              .add("(", instance.turn)
                              .add(", ", instance.queue_number)
                              .add(", ", instance.id)
                              .add(")")));
}

std::uint64_t SqlTransaction::last_turn_of(const std::string& share) {
  return number(std::move(
      Query("SELECT COALESCE(MAX(turn), 0) FROM instances WHERE state = 'queued' AND ").add("share = ", share)));
}

std::size_t SqlTransaction::count_instances(const std::optional<AccountId>& account,
                                            const std::vector<core::InstanceState>& states) {
  Query query("SELECT COUNT(*) FROM instances WHERE TRUE");
  if (account) {
    query.add(" AND account = ", *account);
  }
  if (!states.empty()) {
    query.add_in(" AND state", states);
  }
  return number(std::move(query));
}

std::vector<Instance> SqlTransaction::list_due(TimePoint time) {
  // Selects, each with an index of its own that leaves out all that is gone. Sorted here: to have them in order,
  // the database would rather walk through all instances there ever were.
  Query query = select<Instance>().add("state <> 'gone' AND state <> 'grace' AND expires_at <= ", time);
  query.add(" UNION ALL ").add(select<Instance>().text()).add("state = 'grace' AND gone_at <= ", time);
  query.add(" UNION ALL ")
      .add(select<Instance>().text())
      .add("state <> 'gone' AND state <> 'grace' AND gone_by <= ", time);
  query.add(" AND (expires_at IS NULL OR expires_at > ", time).add(")");
  std::vector<Instance> due = list<Instance>(std::move(query));
  std::ranges::sort(due, {}, [](const Instance& instance) { return std::tie(instance.created_at, instance.id); });
  return due;
}

std::uint64_t SqlTransaction::next_queue_number() {
  return number(Query("UPDATE counters SET value = value + 1 WHERE name = 'queue' RETURNING value"));
}

std::uint64_t SqlTransaction::served_turn() { return number(Query("SELECT value FROM counters WHERE name = 'turn'")); }

void SqlTransaction::set_served_turn(std::uint64_t turn) {
  change(std::move(Query("UPDATE counters SET ").add("value = ", turn).add(" WHERE name = 'turn'")));
}

std::size_t SqlTransaction::remove_instances_gone_before(TimePoint time) {
  return change(Query("DELETE FROM instances WHERE state = 'gone' AND ").add("gone_at < ", time));
}

void SqlTransaction::put_lab(const Lab& lab) { put(lab); }

std::optional<Lab> SqlTransaction::find_lab(const LabId& id) { return find<Lab>(select<Lab>().add("id = ", id)); }

std::vector<Lab> SqlTransaction::list_labs(const core::LabFilter& filter) {
  Query query = select<Lab>().add("TRUE");
  if (filter.name) {
    query.add(" AND name = ", *filter.name);
  }
  if (!filter.states.empty()) {
    query.add_in(" AND state", filter.states);
  }
  return list<Lab>(query.add(" ORDER BY name, version DESC"));
}

void SqlTransaction::put_lab_contents(const LabContents& contents) { put(contents); }

std::optional<LabContents> SqlTransaction::find_lab_contents(const LabId& id) {
  return find<LabContents>(select<LabContents>().add("lab = ", id));
}

void SqlTransaction::put_attempt(const Attempt& attempt) { put(attempt); }

std::optional<Attempt> SqlTransaction::find_attempt(const AttemptId& id) {
  return find<Attempt>(select<Attempt>().add("id = ", id));
}

std::vector<Attempt> SqlTransaction::list_attempts(const core::AttemptFilter& filter) {
  Query query = select<Attempt>().add("TRUE");
  if (filter.account) {
    query.add(" AND account = ", *filter.account);
  }
  if (filter.lab_name) {
    query.add(" AND lab_name = ", *filter.lab_name);
  }
  if (!filter.states.empty()) {
    query.add_in(" AND state", filter.states);
  }
  if (filter.before) {
    query.add(" AND (created_at, id) < (SELECT created_at, id FROM attempts WHERE id = ", *filter.before).add(")");
  }
  return list<Attempt>(query.add(" ORDER BY created_at DESC, id DESC").add_limit(filter.limit));
}

void SqlTransaction::put_check(const Check& check) { put(check); }

std::vector<Check> SqlTransaction::list_checks(const AttemptId& attempt) {
  return list<Check>(select<Check>().add("attempt = ", attempt).add(" ORDER BY at, id"));
}

std::uint64_t SqlTransaction::append_event(const Event& event) {
  return guard([&] {
    core::require_storable(event);
    Query query("INSERT INTO events (type, at, account, instance, image, attempt, lab, verdict, detail) VALUES ");
    query.add("(", event.type).add(", ", event.at).add(", ", event.account).add(", ", event.instance);
    query.add(", ", event.image).add(", ", event.attempt).add(", ", event.lab).add(", ", event.verdict);
    query.add(", ", event.detail).add(") RETURNING sequence");
    const std::uint64_t sequence = number(std::move(query));
    appended_ = true;
    return sequence;
  });
}

std::vector<Event> SqlTransaction::list_events(const core::EventFilter& filter) {
  const std::uint64_t after = std::min(filter.after, Query::most);
  const auto add_types = [&](Query& to) {
    if (!filter.types.empty()) {
      to.add_in(" AND type", filter.types);
    }
  };
  Query query = select<Event>().add("sequence > ", after);
  add_types(query);
  if (filter.instance) {
    query.add(" AND instance = ", *filter.instance);
  }
  if (filter.account && filter.instance) {
    query.add(" AND (account = ", *filter.account).add(" OR account IS NULL)");
  } else if (filter.account) {
    // Two lists in order that the database merges up to the limit; with OR it would sort everything first.
    query.add(" AND account = ", *filter.account).add(" UNION ALL ").add(select<Event>().text());
    query.add("sequence > ", after).add(" AND account IS NULL");
    add_types(query);
  }
  return list<Event>(query.add(" ORDER BY sequence").add_limit(filter.limit));
}

std::uint64_t SqlTransaction::last_event_sequence() {
  return number(Query("SELECT COALESCE(MAX(sequence), 0) FROM events"));
}

std::size_t SqlTransaction::remove_events_before(TimePoint time) {
  return change(
      Query("DELETE FROM events WHERE ").add("at < ", time).add(" AND sequence < (SELECT MAX(sequence) FROM events)"));
}

}  // namespace berth::stores::sql
