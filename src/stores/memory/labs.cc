// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <functional>
#include <tuple>

#include "base/error.h"
#include "core/storable.h"
#include "stores/memory/transaction_parts.h"

namespace berth::stores::memory {
namespace {

using core::Attempt;
using core::Check;
using core::Lab;
using core::LabContents;
using core::LabState;

template <class State>
bool among(State state, const std::vector<State>& states) {
  return states.empty() || std::ranges::find(states, state) != states.end();
}

std::tuple<TimePoint, AttemptId> age(const Attempt& attempt) { return {attempt.created_at, attempt.id}; }

void require_known(bool known, const char* what) {
  if (!known) {
    throw Error(ErrorKind::conflict, std::string("it belongs to ") + what + " that does not exist");
  }
}

}  // namespace

void MemoryTransaction::put_lab(const Lab& lab) {
  guard([&] {
    core::require_storable(lab);
    require_account(lab.author);
    for (const auto& [id, other] : tables_.labs.rows()) {
      if (id != lab.id && other.name == lab.name && other.state == LabState::published &&
          lab.state == LabState::published) {
        throw Error(ErrorKind::conflict, "another version of this lab is published");
      }
    }
    tables_.labs.put(lab.id, lab, undo_);
  });
}

std::optional<Lab> MemoryTransaction::find_lab(const LabId& id) {
  return guard([&] {
    core::require_text(id.text(), "id");
    return tables_.labs.find(id);
  });
}

std::vector<Lab> MemoryTransaction::list_labs(const core::LabFilter& filter) {
  return guard([&] {
    core::require_text(filter.name.value_or(""), "name");
    auto found = pick(tables_.labs.rows(), 0, [&](const Lab& lab) {
      return (!filter.name || lab.name == *filter.name) && among(lab.state, filter.states);
    });
    std::ranges::sort(found, [](const Lab& one, const Lab& other) {
      return std::tie(one.name, other.version) < std::tie(other.name, one.version);
    });
    return found;
  });
}

void MemoryTransaction::put_lab_contents(const LabContents& contents) {
  guard([&] {
    core::require_storable(contents);
    require_known(tables_.labs.rows().contains(contents.lab), "a lab");
    tables_.lab_contents.put(contents.lab, contents, undo_);
  });
}

std::optional<LabContents> MemoryTransaction::find_lab_contents(const LabId& id) {
  return guard([&] {
    core::require_text(id.text(), "id");
    return tables_.lab_contents.find(id);
  });
}

void MemoryTransaction::put_attempt(const Attempt& attempt) {
  guard([&] {
    core::require_storable(attempt);
    require_account(attempt.account);
    require_known(tables_.labs.rows().contains(attempt.lab), "a lab");
    for (const auto& [id, other] : tables_.attempts.rows()) {
      if (id != attempt.id && other.account == attempt.account && other.lab_name == attempt.lab_name &&
          !core::is_over(other.state) && !core::is_over(attempt.state)) {
        throw Error(ErrorKind::conflict, "an attempt at this lab is under way");
      }
    }
    tables_.attempts.put(attempt.id, attempt, undo_);
  });
}

std::optional<Attempt> MemoryTransaction::find_attempt(const AttemptId& id) {
  return guard([&] {
    core::require_text(id.text(), "id");
    return tables_.attempts.find(id);
  });
}

std::vector<Attempt> MemoryTransaction::list_attempts(const core::AttemptFilter& filter) {
  return guard([&] {
    core::require_text(filter.account.value_or(AccountId()).text(), "account");
    core::require_text(filter.lab_name.value_or(""), "lab_name");
    core::require_text(filter.before.value_or(""), "before");
    const auto last = filter.before ? tables_.attempts.find(AttemptId(*filter.before)) : std::nullopt;
    if (filter.before && !last) {
      return std::vector<Attempt>();
    }
    auto found = pick(tables_.attempts.rows(), 0, [&](const Attempt& attempt) {
      return (!filter.account || attempt.account == *filter.account) &&
             (!filter.lab_name || attempt.lab_name == *filter.lab_name) && among(attempt.state, filter.states) &&
             (!last || age(attempt) < age(*last));
    });
    std::ranges::sort(found, std::greater(), age);
    if (filter.limit != 0 && found.size() > filter.limit) {
      found.resize(filter.limit);
    }
    return found;
  });
}

void MemoryTransaction::put_check(const Check& check) {
  guard([&] {
    core::require_storable(check);
    require_known(tables_.attempts.rows().contains(check.attempt), "an attempt");
    tables_.checks.put(check.id, check, undo_);
  });
}

std::vector<Check> MemoryTransaction::list_checks(const AttemptId& attempt) {
  return guard([&] {
    core::require_text(attempt.text(), "attempt");
    auto found = pick(tables_.checks.rows(), 0, [&](const Check& check) { return check.attempt == attempt; });
    std::ranges::sort(found, {}, [](const Check& check) { return std::tie(check.at, check.id); });
    return found;
  });
}

void MemoryTransaction::remove_attempts_of(const AccountId& id) {
  for (const Attempt& attempt :
       pick(tables_.attempts.rows(), 0, [&](const Attempt& each) { return each.account == id; })) {
    for (const Check& check :
         pick(tables_.checks.rows(), 0, [&](const Check& each) { return each.attempt == attempt.id; })) {
      tables_.checks.remove(check.id, undo_);
    }
    tables_.attempts.remove(attempt.id, undo_);
  }
}

}  // namespace berth::stores::memory
