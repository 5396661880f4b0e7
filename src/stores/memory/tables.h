// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <utility>
#include <vector>

#include "core/store.h"

namespace berth::stores::memory {

// How to take back what a transaction did, last things first.
class Undo {
 public:
  void add(std::function<void()> step) { steps_.push_back(std::move(step)); }
  void run() {
    for (; !steps_.empty(); steps_.pop_back()) {
      steps_.back()();
    }
  }

 private:
  std::vector<std::function<void()>> steps_;
};

template <class Key, class Row>
class Table {
 public:
  using Rows = std::map<Key, Row>;

  const Rows& rows() const { return rows_; }
  std::optional<Row> find(const Key& key) const {
    const auto found = rows_.find(key);
    return found == rows_.end() ? std::nullopt : std::optional<Row>(found->second);
  }
  void put(const Key& key, const Row& row, Undo& undo) {
    remember(key, undo);
    rows_[key] = row;
  }
  void remove(const Key& key, Undo& undo) {
    remember(key, undo);
    rows_.erase(key);
  }

 private:
  void remember(const Key& key, Undo& undo) {
    undo.add([this, key, before = find(key)] {
      if (before) {
        rows_[key] = *before;
      } else {
        rows_.erase(key);
      }
    });
  }

  Rows rows_;
};

// Everything that is kept.
struct Tables {
  Table<AccountId, core::Account> accounts;
  Table<TokenId, core::Token> tokens;
  Table<ImageName, core::Image> images;
  Table<std::string, core::StoredService> services;
  Table<InstanceId, core::Instance> instances;
  Table<LabId, core::Lab> labs;
  Table<LabId, core::LabContents> lab_contents;
  Table<AttemptId, core::Attempt> attempts;
  Table<std::string, core::Check> checks;
  Table<std::string, core::Competition> competitions;
  Table<std::string, core::Participant> participants;
  Table<std::string, core::Membership> memberships;
  Table<std::string, core::Solve> solves;
  Table<core::InvitationId, core::Invitation> invitations;
  Table<RecordingId, core::Recording> recordings;
  Table<RecordingId, std::vector<std::string>> recording_words;
  Table<core::WebhookId, core::Webhook> webhooks;
  Table<std::uint64_t, core::Event> events;
  std::uint64_t last_queue_number = 0;
  std::uint64_t served_turn = 0;
};

}  // namespace berth::stores::memory
