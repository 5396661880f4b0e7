// SPDX-License-Identifier: Apache-2.0
#include "stores/memory/transaction.h"

#include <algorithm>
#include <ranges>
#include <tuple>
#include <utility>

#include "base/error.h"
#include "core/storable.h"
#include "stores/memory/transaction_parts.h"

namespace berth::stores::memory {
namespace {

using core::Account;
using core::Event;
using core::Image;
using core::Instance;
using core::InstanceState;
using core::Token;

bool among(InstanceState state, const std::vector<InstanceState>& states) {
  return states.empty() || std::ranges::find(states, state) != states.end();
}

// When the clock next ends a part of its life.
std::optional<TimePoint> due_at(const Instance& instance) {
  if (instance.state == InstanceState::grace) {
    return instance.gone_at;
  }
  const bool gone_first = instance.gone_by && (!instance.expires_at || *instance.gone_by < *instance.expires_at);
  return gone_first ? instance.gone_by : instance.expires_at;
}

// What instances are ordered by.
std::tuple<TimePoint, InstanceId> age(const Instance& instance) { return {instance.created_at, instance.id}; }

std::tuple<std::uint64_t, std::uint64_t, InstanceId> place_in_queue(const Instance& instance) {
  return {instance.turn, instance.queue_number, instance.id};
}

}  // namespace

bool MemoryTransaction::finish() {
  if (fault_) {
    std::rethrow_exception(fault_);
  }
  undo_ = {};
  return appended_;
}

void MemoryTransaction::require_account(const AccountId& id) const {
  if (!tables_.accounts.rows().contains(id)) {
    throw Error(ErrorKind::conflict, "it belongs to an account that does not exist");
  }
}

void MemoryTransaction::put_account(const Account& account) {
  guard([&] {
    core::require_storable(account);
    tables_.accounts.put(account.id, account, undo_);
  });
}

std::optional<Account> MemoryTransaction::find_account(const AccountId& id) {
  return guard([&] {
    core::require_text(id.text(), "id");
    return tables_.accounts.find(id);
  });
}

std::vector<Account> MemoryTransaction::list_accounts(const core::Page& page) {
  return guard([&] {
    core::require_text(page.after.value_or(""), "after");
    return pick(tables_.accounts.rows(), page.limit,
                [&](const Account& account) { return !page.after || account.id.text() > *page.after; });
  });
}

std::size_t MemoryTransaction::remove_lost_guests(TimePoint time) {
  return guard([&] {
    const auto belongs_to = [](const Account& account) {
      return [&account](const auto& entry) { return entry.second.account == account.id; };
    };
    const auto lost = pick(tables_.accounts.rows(), 0, [&](const Account& account) {
      return account.role == core::Role::guest && account.created_at < time &&
             std::ranges::none_of(tables_.tokens.rows(), belongs_to(account)) &&
             std::ranges::none_of(tables_.instances.rows(), belongs_to(account)) &&
             std::ranges::none_of(tables_.recordings.rows(), belongs_to(account));
    });
    for (const Account& account : lost) {
      remove_attempts_of(account.id);
      remove_memberships_of(account.id);
      tables_.accounts.remove(account.id, undo_);
    }
    return lost.size();
  });
}

void MemoryTransaction::put_token(const Token& token) {
  guard([&] {
    core::require_storable(token);
    require_account(token.account);
    for (const auto& [id, other] : tables_.tokens.rows()) {
      if (other.hash == token.hash && id != token.id) {
        throw Error(ErrorKind::conflict, "such a token is already there");
      }
    }
    tables_.tokens.put(token.id, token, undo_);
  });
}

std::optional<Token> MemoryTransaction::find_token(const TokenId& id) {
  return guard([&] {
    core::require_text(id.text(), "id");
    return tables_.tokens.find(id);
  });
}

std::optional<Token> MemoryTransaction::find_token_by_hash(const std::string& hash) {
  return guard([&]() -> std::optional<Token> {
    core::require_text(hash, "hash");
    const auto found = pick(tables_.tokens.rows(), 1, [&](const Token& token) { return token.hash == hash; });
    return found.empty() ? std::nullopt : std::optional(found.front());
  });
}

std::vector<Token> MemoryTransaction::list_tokens(const AccountId& account, const core::Page& page) {
  return guard([&] {
    core::require_text(account.text(), "account");
    core::require_text(page.after.value_or(""), "after");
    return pick(tables_.tokens.rows(), page.limit, [&](const Token& token) {
      return token.account == account && core::is_listed(token.kind) && (!page.after || token.id.text() > *page.after);
    });
  });
}

std::vector<Token> MemoryTransaction::list_ssh_keys(const AccountId& account, const core::Page& page) {
  return guard([&] {
    core::require_text(account.text(), "account");
    core::require_text(page.after.value_or(""), "after");
    return pick(tables_.tokens.rows(), page.limit, [&](const Token& token) {
      return token.account == account && token.kind == core::TokenKind::ssh_key &&
             (!page.after || token.id.text() > *page.after);
    });
  });
}

void MemoryTransaction::remove_token(const TokenId& id) {
  guard([&] {
    core::require_text(id.text(), "id");
    tables_.tokens.remove(id, undo_);
  });
}

std::size_t MemoryTransaction::remove_tokens_expired_before(TimePoint time) {
  return guard([&] {
    const auto expired = pick(tables_.tokens.rows(), 0,
                              [&](const Token& token) { return token.expires_at && *token.expires_at < time; });
    for (const Token& token : expired) {
      tables_.tokens.remove(token.id, undo_);
    }
    return expired.size();
  });
}

void MemoryTransaction::put_image(const Image& image) {
  guard([&] {
    core::require_storable(image);
    tables_.images.put(image.name, image, undo_);
  });
}

std::optional<Image> MemoryTransaction::find_image(const ImageName& name) {
  return guard([&] {
    core::require_text(name.text(), "name");
    return tables_.images.find(name);
  });
}

std::vector<Image> MemoryTransaction::list_images() {
  return guard([&] { return pick(tables_.images.rows(), 0, [](const Image&) { return true; }); });
}

void MemoryTransaction::remove_image(const ImageName& name) {
  guard([&] {
    core::require_text(name.text(), "name");
    tables_.images.remove(name, undo_);
  });
}

void MemoryTransaction::put_service(const core::StoredService& service) {
  guard([&] {
    core::require_storable(service);
    tables_.services.put(service.name, service, undo_);
  });
}

std::vector<core::StoredService> MemoryTransaction::list_services() {
  return guard([&] { return pick(tables_.services.rows(), 0, [](const auto&) { return true; }); });
}

void MemoryTransaction::remove_service(const std::string& name) {
  guard([&] {
    core::require_text(name, "name");
    tables_.services.remove(name, undo_);
  });
}

void MemoryTransaction::put_instance(const Instance& instance) {
  guard([&] {
    core::require_storable(instance);
    require_account(instance.account);
    for (const auto& [id, other] : tables_.instances.rows()) {
      if (!instance.idempotency_key.empty() && other.idempotency_key == instance.idempotency_key &&
          other.account == instance.account && id != instance.id) {
        throw Error(ErrorKind::conflict, "an instance with this idempotency key is already there");
      }
      if (!instance.service_key.empty() && other.service_key == instance.service_key &&
          other.service == instance.service && id != instance.id && other.state != InstanceState::gone &&
          instance.state != InstanceState::gone) {
        throw Error(ErrorKind::conflict, "the service has an instance for this key already");
      }
    }
    tables_.instances.put(instance.id, instance, undo_);
  });
}

std::optional<Instance> MemoryTransaction::find_instance(const InstanceId& id) {
  return guard([&] {
    core::require_text(id.text(), "id");
    return tables_.instances.find(id);
  });
}

std::optional<Instance> MemoryTransaction::find_instance_by_key(const AccountId& account,
                                                                const std::string& idempotency_key) {
  return guard([&]() -> std::optional<Instance> {
    core::require_text(account.text(), "account");
    core::require_text(idempotency_key, "idempotency_key");
    if (idempotency_key.empty()) {
      return std::nullopt;
    }
    const auto found = pick(tables_.instances.rows(), 1, [&](const Instance& instance) {
      return instance.account == account && instance.idempotency_key == idempotency_key;
    });
    return found.empty() ? std::nullopt : std::optional(found.front());
  });
}

std::vector<Instance> MemoryTransaction::list_instances(const core::InstanceFilter& filter) {
  return guard([&] {
    core::require_text(filter.account.value_or(AccountId()).text(), "account");
    core::require_text(filter.before.value_or(""), "before");
    const auto last = filter.before ? tables_.instances.find(InstanceId(*filter.before)) : std::nullopt;
    if (filter.before && !last) {
      return std::vector<Instance>();
    }
    auto found = pick(tables_.instances.rows(), 0, [&](const Instance& instance) {
      return (!filter.account || instance.account == *filter.account) &&
             (!filter.service || instance.service == *filter.service) && among(instance.state, filter.states) &&
             (!last || age(instance) < age(*last));
    });
    std::ranges::sort(found, std::greater(), age);
    if (filter.limit != 0 && found.size() > filter.limit) {
      found.resize(filter.limit);
    }
    return found;
  });
}

std::vector<Instance> MemoryTransaction::list_queued(std::size_t limit) {
  return guard([&] {
    auto found = pick(tables_.instances.rows(), 0,
                      [](const Instance& instance) { return instance.state == InstanceState::queued; });
    std::ranges::sort(found, {}, place_in_queue);
    if (limit != 0 && found.size() > limit) {
      found.resize(limit);
    }
    return found;
  });
}

std::size_t MemoryTransaction::count_queued_before(const Instance& instance) {
  return guard([&] {
    core::require_text(instance.id.text(), "id");
    return static_cast<std::size_t>(std::ranges::count_if(tables_.instances.rows(), [&](const auto& entry) {
      return entry.second.state == InstanceState::queued && place_in_queue(entry.second) < place_in_queue(instance);
    }));
  });
}

std::uint64_t MemoryTransaction::last_turn_of(const std::string& share) {
  return guard([&] {
    core::require_text(share, "share");
    std::uint64_t last = 0;
    for (const auto& [id, instance] : tables_.instances.rows()) {
      if (instance.state == InstanceState::queued && instance.share == share) {
        last = std::max(last, instance.turn);
      }
    }
    return last;
  });
}

std::size_t MemoryTransaction::count_instances(const std::optional<AccountId>& account,
                                               const std::vector<InstanceState>& states) {
  return guard([&] {
    core::require_text(account.value_or(AccountId()).text(), "account");
    return static_cast<std::size_t>(std::ranges::count_if(tables_.instances.rows(), [&](const auto& entry) {
      return (!account || entry.second.account == *account) && among(entry.second.state, states);
    }));
  });
}

std::vector<Instance> MemoryTransaction::list_due(TimePoint time) {
  return guard([&] {
    auto found = pick(tables_.instances.rows(), 0, [&](const Instance& instance) {
      return instance.state != InstanceState::gone && due_at(instance) && *due_at(instance) <= time;
    });
    std::ranges::sort(found, {}, age);
    return found;
  });
}

std::uint64_t MemoryTransaction::next_queue_number() {
  return guard([&] {
    undo_.add([this, before = tables_.last_queue_number] { tables_.last_queue_number = before; });
    return ++tables_.last_queue_number;
  });
}

std::size_t MemoryTransaction::remove_instances_gone_before(TimePoint time) {
  return guard([&] {
    const auto old = pick(tables_.instances.rows(), 0, [&](const Instance& instance) {
      return instance.state == InstanceState::gone && instance.gone_at && *instance.gone_at < time;
    });
    for (const Instance& instance : old) {
      tables_.instances.remove(instance.id, undo_);
    }
    return old.size();
  });
}

std::uint64_t MemoryTransaction::served_turn() {
  return guard([&] { return tables_.served_turn; });
}

void MemoryTransaction::set_served_turn(std::uint64_t turn) {
  guard([&] {
    undo_.add([this, before = tables_.served_turn] { tables_.served_turn = before; });
    tables_.served_turn = turn;
  });
}

std::uint64_t MemoryTransaction::append_event(const Event& event) {
  return guard([&] {
    core::require_storable(event);
    Event stored = event;
    stored.sequence = last_event_sequence() + 1;
    tables_.events.put(stored.sequence, stored, undo_);
    appended_ = true;
    return stored.sequence;
  });
}

std::vector<Event> MemoryTransaction::list_events(const core::EventFilter& filter) {
  return guard([&] {
    core::require_text(filter.account.value_or(AccountId()).text(), "account");
    core::require_text(filter.instance.value_or(InstanceId()).text(), "instance");
    return pick(tables_.events.rows(), filter.limit, [&](const Event& event) {
      return event.sequence > filter.after &&
             (!filter.account || !event.account || *event.account == *filter.account) &&
             (!filter.instance || event.instance == filter.instance) &&
             (filter.types.empty() || std::ranges::find(filter.types, event.type) != filter.types.end());
    });
  });
}

std::uint64_t MemoryTransaction::last_event_sequence() {
  return guard([&] { return tables_.events.rows().empty() ? 0 : tables_.events.rows().rbegin()->first; });
}

std::size_t MemoryTransaction::remove_events_before(TimePoint time) {
  return guard([&] {
    const std::uint64_t last = last_event_sequence();
    const auto old =
        pick(tables_.events.rows(), 0, [&](const Event& event) { return event.at < time && event.sequence != last; });
    for (const Event& event : old) {
      tables_.events.remove(event.sequence, undo_);
    }
    return old.size();
  });
}

}  // namespace berth::stores::memory
