// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <tuple>

#include "base/error.h"
#include "core/storable.h"
#include "stores/memory/transaction.h"
#include "stores/memory/transaction_parts.h"

namespace berth::stores::memory {
namespace {

using core::Recording;

// What recordings are ordered by.
std::tuple<TimePoint, RecordingId> age(const Recording& recording) { return {recording.began_at, recording.id}; }

bool has_all(const std::vector<std::string>& words, const std::vector<std::string>& wanted) {
  return std::ranges::all_of(wanted, [&](const std::string& beginning) {
    return std::ranges::any_of(words, [&](const std::string& word) {
      return beginning.size() > 1 ? word.starts_with(beginning) : word == beginning;
    });
  });
}

}  // namespace

void MemoryTransaction::put_recording(const Recording& recording) {
  guard([&] {
    core::require_storable(recording);
    require_account(recording.account);
    for (const auto& [id, other] : tables_.recordings.rows()) {
      if (recording.share_hash && other.share_hash == recording.share_hash && id != recording.id) {
        throw Error(ErrorKind::conflict, "there is such a share link already");
      }
    }
    tables_.recordings.put(recording.id, recording, undo_);
  });
}

std::optional<Recording> MemoryTransaction::find_recording(const RecordingId& id) {
  return guard([&] {
    core::require_text(id.text(), "id");
    return tables_.recordings.find(id);
  });
}

std::optional<Recording> MemoryTransaction::find_recording_by_share(const std::string& share_hash) {
  return guard([&]() -> std::optional<Recording> {
    core::require_text(share_hash, "share_hash");
    for (const auto& [id, recording] : tables_.recordings.rows()) {
      if (recording.share_hash == share_hash) {
        return recording;
      }
    }
    return std::nullopt;
  });
}

std::vector<Recording> MemoryTransaction::list_recordings(const core::RecordingFilter& filter) {
  return guard([&] {
    core::require_text(filter.before.value_or(""), "before");
    const auto cursor = filter.before ? tables_.recordings.find(RecordingId(*filter.before)) : std::nullopt;
    std::vector<Recording> list;
    for (const auto& [id, recording] : tables_.recordings.rows()) {
      const bool on_later_page = !filter.before || (cursor && age(recording) < age(*cursor));
      const bool wanted = on_later_page && (!filter.account || recording.account == *filter.account) &&
                          (!filter.instance || recording.instance == *filter.instance) &&
                          (!filter.unended || !recording.ended_at) &&
                          (!filter.ended_before || (recording.ended_at && *recording.ended_at < *filter.ended_before));
      if (wanted && has_all(tables_.recording_words.find(id).value_or(std::vector<std::string>{}), filter.words)) {
        list.push_back(recording);
      }
    }
    std::ranges::sort(list, std::greater{}, age);
    if (filter.limit != 0 && list.size() > filter.limit) {
      list.resize(filter.limit);
    }
    return list;
  });
}

void MemoryTransaction::set_recording_words(const RecordingId& id, const std::vector<std::string>& words) {
  guard([&] {
    for (const std::string& word : words) {
      core::require_key(word, "words");
    }
    if (tables_.recordings.find(id)) {
      tables_.recording_words.put(id, words, undo_);
    }
  });
}

void MemoryTransaction::remove_recording(const RecordingId& id) {
  guard([&] {
    tables_.recording_words.remove(id, undo_);
    tables_.recordings.remove(id, undo_);
  });
}

}  // namespace berth::stores::memory
