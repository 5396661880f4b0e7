// SPDX-License-Identifier: Apache-2.0
// The verbs of recordings. Their words are found by `number`, which is the rowid of SQLite's index of words.
#include "stores/sql/transaction.h"
#include "stores/sql/transaction_parts.h"

namespace berth::stores::sql {

using core::Recording;

namespace {

// Words are letters and digits, so they need no further quoting.
std::string match_of(const std::vector<std::string>& words, Dialect dialect) {
  std::string match;
  for (const std::string& word : words) {
    if (dialect == Dialect::sqlite) {
      match += (match.empty() ? "\"" : " \"") + word + (word.size() > 1 ? "\"*" : "\"");
    } else {
      match += (match.empty() ? "'" : " & '") + word + (word.size() > 1 ? "':*" : "'");
    }
  }
  return match;
}

}  // namespace

void SqlTransaction::put_recording(const Recording& recording) { put(recording); }

std::optional<Recording> SqlTransaction::find_recording(const RecordingId& id) {
  return find<Recording>(select<Recording>().add("id = ", id));
}

std::optional<Recording> SqlTransaction::find_recording_by_share(const std::string& share_hash) {
  return find<Recording>(select<Recording>().add("share_hash = ", share_hash));
}

std::vector<Recording> SqlTransaction::list_recordings(const core::RecordingFilter& filter) {
  Query query = select<Recording>().add("TRUE");
  if (filter.account) {
    query.add(" AND account = ", *filter.account);
  }
  if (filter.instance) {
    query.add(" AND instance = ", *filter.instance);
  }
  if (filter.unended) {
    query.add(" AND ended_at IS NULL");
  }
  if (filter.ended_before) {
    query.add(" AND ended_at < ", *filter.ended_before);
  }
  if (filter.before) {
    query.add(" AND (began_at, id) < (SELECT began_at, id FROM recordings WHERE id = ", *filter.before).add(")");
  }
  if (!filter.words.empty()) {
    const std::string match = match_of(filter.words, connection_.dialect());
    query.add(" AND number IN (SELECT rowid FROM recording_words WHERE ");
    if (connection_.dialect() == Dialect::sqlite) {
      query.add("recording_words MATCH ", match).add(")");
    } else {
      query.add("words @@ CAST(", match).add(" AS TSQUERY))");
    }
  }
  return list<Recording>(query.add(" ORDER BY began_at DESC, id DESC").add_limit(filter.limit));
}

void SqlTransaction::set_recording_words(const RecordingId& id, const std::vector<std::string>& words) {
  std::string text;
  for (const std::string& word : words) {
    guard([&] { core::require_key(word, "words"); });
    text += (text.empty() ? "" : " ") + word;
  }
  if (connection_.dialect() == Dialect::sqlite) {
    Query query("INSERT OR REPLACE INTO recording_words (rowid, words) SELECT number, ");
    change(std::move(query.add("", text).add(" FROM recordings WHERE id = ", id)));
  } else {
    Query query("INSERT INTO recording_words (rowid, words) SELECT number, array_to_tsvector(string_to_array(");
    change(std::move(query.add("", text)
                         .add(", ' ')) FROM recordings WHERE id = ", id)
                         .add(" ON CONFLICT (rowid) DO UPDATE SET words = excluded.words")));
  }
}

void SqlTransaction::remove_recording(const RecordingId& id) {
  change(std::move(Query("DELETE FROM recording_words WHERE rowid = (SELECT number FROM recordings WHERE ")
                       .add("id = ", id)
                       .add(")")));
  change(Query("DELETE FROM recordings WHERE ").add("id = ", id));
}

}  // namespace berth::stores::sql
