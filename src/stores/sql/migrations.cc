// SPDX-License-Identifier: Apache-2.0
#include "stores/sql/migrations.h"

#include <array>
#include <utility>

namespace berth::stores::sql {
namespace {

struct Migration {
  std::string_view name;
  std::string_view text;  // statements, each ended by ';' at the end of a line; $WORDS as in `words`
};

// What the dialects call by different names. $KEY sorts and compares by bytes, whatever the language of the database.
struct Word {
  std::string_view word;
  std::string_view sqlite;
  std::string_view postgresql;
};
constexpr std::array words = {
    Word{"$KEY", "TEXT", "TEXT COLLATE \"C\""},
    Word{"$INTEGER", "INTEGER", "BIGINT"},
    Word{"$REAL", "REAL", "DOUBLE PRECISION"},
    Word{"$SEQUENCE", "INTEGER PRIMARY KEY AUTOINCREMENT", "BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY"},
    Word{"$STRICT", "STRICT", ""},
    // What is searched: one text of all words for SQLite, a set of words for PostgreSQL. `detail` and the ASCII
    // tokenizer leave out what core/searchable_words.h has settled before.
    Word{"$RECORDING_WORDS",
         "VIRTUAL TABLE recording_words USING fts5(words, tokenize = 'ascii', detail = none, prefix = '2')",
         "TABLE recording_words (rowid BIGINT PRIMARY KEY, words TSVECTOR NOT NULL)"},
    Word{"$INDEX_OF_WORDS", "INSERT INTO recording_words (recording_words, rank) VALUES ('automerge', 8)",
         "CREATE INDEX recordings_by_word ON recording_words USING GIN (words)"},
};

// Version n is the nth. One that has been released is never changed: add the next one.
constexpr std::array migrations = {
    Migration{"first", R"(
CREATE TABLE accounts (
  id $KEY NOT NULL PRIMARY KEY,
  name TEXT NOT NULL,
  role TEXT NOT NULL,
  created_at $INTEGER NOT NULL
) $STRICT;
CREATE TABLE tokens (
  id $KEY NOT NULL PRIMARY KEY,
  account $KEY NOT NULL REFERENCES accounts (id),
  name TEXT NOT NULL,
  kind TEXT NOT NULL,
  scopes TEXT NOT NULL,
  hash $KEY NOT NULL UNIQUE,
  created_at $INTEGER NOT NULL,
  expires_at $INTEGER
) $STRICT;
CREATE INDEX tokens_of_account ON tokens (account, id);
CREATE INDEX tokens_by_expiry ON tokens (expires_at) WHERE expires_at IS NOT NULL;
CREATE TABLE images (
  name $KEY NOT NULL PRIMARY KEY,
  source TEXT NOT NULL,
  state TEXT NOT NULL,
  progress $REAL NOT NULL,
  note TEXT NOT NULL,
  reason TEXT,
  size $INTEGER NOT NULL,
  created_at $INTEGER NOT NULL
) $STRICT;
CREATE TABLE instances (
  id $KEY NOT NULL PRIMARY KEY,
  account $KEY NOT NULL REFERENCES accounts (id),
  name TEXT NOT NULL,
  image $KEY NOT NULL,
  plan TEXT NOT NULL,
  state TEXT NOT NULL,
  reason TEXT,
  queue_number $INTEGER NOT NULL,
  lifetime $INTEGER NOT NULL,
  created_at $INTEGER NOT NULL,
  started_at $INTEGER,
  expires_at $INTEGER,
  longest_until $INTEGER,
  gone_at $INTEGER,
  idempotency_key $KEY NOT NULL,
  idempotency_digest TEXT NOT NULL
) $STRICT;
CREATE UNIQUE INDEX instances_by_key ON instances (account, idempotency_key) WHERE idempotency_key <> '';
CREATE INDEX instances_of_account ON instances (account, created_at, id);
CREATE INDEX instances_by_age ON instances (created_at, id);
CREATE INDEX instances_by_state ON instances (state, account);
CREATE INDEX instances_by_expiry ON instances (expires_at) WHERE state <> 'gone' AND state <> 'grace';
CREATE TABLE events (
  sequence $SEQUENCE,
  type TEXT NOT NULL,
  at $INTEGER NOT NULL,
  account $KEY,
  instance $KEY,
  image $KEY,
  detail TEXT NOT NULL
) $STRICT;
CREATE INDEX events_of_account ON events (account, sequence);
CREATE INDEX events_of_instance ON events (instance, sequence);
CREATE TABLE counters (
  name $KEY NOT NULL PRIMARY KEY,
  value $INTEGER NOT NULL
) $STRICT;
INSERT INTO counters (name, value) VALUES ('queue', 0);
)"},
    Migration{"services", R"(
ALTER TABLE instances ADD COLUMN launch TEXT NOT NULL DEFAULT '{}';
ALTER TABLE instances ADD COLUMN service $KEY NOT NULL DEFAULT '';
ALTER TABLE instances ADD COLUMN service_key $KEY NOT NULL DEFAULT '';
ALTER TABLE instances ADD COLUMN share $KEY NOT NULL DEFAULT '';
ALTER TABLE instances ADD COLUMN turn $INTEGER NOT NULL DEFAULT 0;
INSERT INTO counters (name, value) VALUES ('turn', 0);
CREATE INDEX instances_in_queue ON instances (turn, queue_number, id) WHERE state = 'queued';
CREATE UNIQUE INDEX instances_of_service ON instances (service, service_key)
  WHERE service_key <> '' AND state <> 'gone';
CREATE INDEX instances_gone ON instances (gone_at) WHERE state = 'gone';
CREATE INDEX events_by_age ON events (at);
)"},
    Migration{"labs", R"(
CREATE TABLE labs (
  id $KEY NOT NULL PRIMARY KEY,
  name $KEY NOT NULL,
  version $INTEGER NOT NULL,
  author $KEY NOT NULL REFERENCES accounts (id),
  state TEXT NOT NULL,
  reason TEXT,
  manifest TEXT NOT NULL,
  plan TEXT NOT NULL,
  created_at $INTEGER NOT NULL
) $STRICT;
CREATE INDEX labs_by_name ON labs (name, version);
CREATE UNIQUE INDEX labs_published ON labs (name) WHERE state = 'published';
CREATE TABLE lab_contents (
  lab $KEY NOT NULL PRIMARY KEY REFERENCES labs (id),
  files TEXT NOT NULL
) $STRICT;
CREATE TABLE attempts (
  id $KEY NOT NULL PRIMARY KEY,
  account $KEY NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
  lab $KEY NOT NULL REFERENCES labs (id),
  lab_name $KEY NOT NULL,
  state TEXT NOT NULL,
  reason TEXT,
  machines TEXT NOT NULL,
  hints $INTEGER NOT NULL,
  steps_done $INTEGER NOT NULL,
  checks $INTEGER NOT NULL,
  created_at $INTEGER NOT NULL,
  started_at $INTEGER,
  expires_at $INTEGER,
  solved_at $INTEGER,
  ended_at $INTEGER
) $STRICT;
CREATE INDEX attempts_of_account ON attempts (account, created_at, id);
CREATE INDEX attempts_by_age ON attempts (created_at, id);
CREATE INDEX attempts_by_lab ON attempts (lab_name, created_at, id);
CREATE UNIQUE INDEX attempts_under_way ON attempts (account, lab_name) WHERE state IN ('waiting', 'running', 'solved');
CREATE TABLE checks (
  id $KEY NOT NULL PRIMARY KEY,
  attempt $KEY NOT NULL REFERENCES attempts (id) ON DELETE CASCADE,
  at $INTEGER NOT NULL,
  verdict TEXT NOT NULL,
  step $INTEGER NOT NULL,
  reason TEXT NOT NULL,
  milliseconds $INTEGER NOT NULL
) $STRICT;
CREATE INDEX checks_of_attempt ON checks (attempt, at, id);
)"},
    Migration{"services_by_api", R"(
CREATE TABLE services (
  name $KEY NOT NULL PRIMARY KEY,
  definition TEXT NOT NULL,
  token_hashes TEXT NOT NULL,
  created_at $INTEGER NOT NULL
) $STRICT;
)"},
    Migration{"recordings", R"(
ALTER TABLE instances ADD COLUMN recording TEXT NOT NULL DEFAULT '{}';
CREATE TABLE recordings (
  number $SEQUENCE,
  id $KEY NOT NULL UNIQUE,
  account $KEY NOT NULL REFERENCES accounts (id),
  instance $KEY NOT NULL,
  session $INTEGER NOT NULL,
  title TEXT NOT NULL,
  policy TEXT NOT NULL,
  began_at $INTEGER NOT NULL,
  ended_at $INTEGER,
  size $INTEGER NOT NULL,
  duration $INTEGER NOT NULL,
  truncated $INTEGER NOT NULL,
  share_hash $KEY UNIQUE
) $STRICT;
CREATE INDEX recordings_of_account ON recordings (account, began_at, id);
CREATE INDEX recordings_of_instance ON recordings (instance, began_at, id);
CREATE INDEX recordings_by_age ON recordings (began_at, id);
CREATE INDEX recordings_by_end ON recordings (ended_at);
CREATE $RECORDING_WORDS;
$INDEX_OF_WORDS;
)"},
    Migration{"competitions", R"(
CREATE TABLE competitions (
  name $KEY NOT NULL PRIMARY KEY,
  definition TEXT NOT NULL,
  created_at $INTEGER NOT NULL
) $STRICT;
CREATE TABLE participants (
  id $KEY NOT NULL PRIMARY KEY,
  competition $KEY NOT NULL REFERENCES competitions (name),
  name TEXT NOT NULL,
  region TEXT NOT NULL,
  code TEXT NOT NULL,
  created_at $INTEGER NOT NULL
) $STRICT;
CREATE INDEX participants_of_competition ON participants (competition, id);
CREATE TABLE memberships (
  id $KEY NOT NULL PRIMARY KEY,
  competition $KEY NOT NULL REFERENCES competitions (name),
  account $KEY NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
  participant $KEY NOT NULL REFERENCES participants (id),
  joined_at $INTEGER NOT NULL
) $STRICT;
CREATE INDEX memberships_of_account ON memberships (account, id);
CREATE INDEX memberships_of_competition ON memberships (competition, id);
CREATE TABLE solves (
  id $KEY NOT NULL PRIMARY KEY,
  competition $KEY NOT NULL REFERENCES competitions (name),
  participant $KEY NOT NULL REFERENCES participants (id),
  lab $KEY NOT NULL,
  account $KEY NOT NULL,
  attempt $KEY NOT NULL,
  at $INTEGER NOT NULL
) $STRICT;
CREATE INDEX solves_of_competition ON solves (competition, id);
)"},
    Migration{"invitations", R"(
CREATE TABLE invitations (
  id $KEY NOT NULL PRIMARY KEY,
  reviewer $KEY NOT NULL REFERENCES accounts (id),
  name TEXT NOT NULL,
  labs TEXT NOT NULL,
  hash $KEY NOT NULL UNIQUE,
  created_at $INTEGER NOT NULL,
  expires_at $INTEGER NOT NULL,
  candidate $KEY UNIQUE REFERENCES accounts (id),
  opened_at $INTEGER,
  revoked_at $INTEGER
) $STRICT;
CREATE INDEX invitations_of_reviewer ON invitations (reviewer, created_at, id);
CREATE INDEX invitations_by_age ON invitations (created_at, id);
)"},
    Migration{"webhooks", R"(
ALTER TABLE events ADD COLUMN attempt $KEY;
ALTER TABLE events ADD COLUMN lab TEXT;
ALTER TABLE events ADD COLUMN verdict TEXT;
CREATE TABLE webhooks (
  id $KEY NOT NULL PRIMARY KEY,
  url TEXT NOT NULL,
  types TEXT NOT NULL,
  secret TEXT NOT NULL,
  earlier_secret TEXT,
  earlier_until $INTEGER,
  enabled $INTEGER NOT NULL,
  reason TEXT,
  created_at $INTEGER NOT NULL,
  delivered_through $INTEGER NOT NULL,
  delivered $INTEGER NOT NULL,
  dropped $INTEGER NOT NULL,
  missed $INTEGER NOT NULL
) $STRICT;
)"},
    Migration{"resumable_labs", R"(
ALTER TABLE instances ADD COLUMN gone_by $INTEGER;
CREATE INDEX instances_by_last_end ON instances (gone_by) WHERE gone_by IS NOT NULL AND state <> 'gone';
ALTER TABLE attempts ADD COLUMN stopped_at $INTEGER;
ALTER TABLE attempts ADD COLUMN paused $INTEGER NOT NULL DEFAULT 0;
ALTER TABLE attempts ADD COLUMN kept_until $INTEGER;
ALTER TABLE attempts ADD COLUMN notice_at $INTEGER;
DROP INDEX attempts_under_way;
CREATE UNIQUE INDEX attempts_under_way ON attempts (account, lab_name)
  WHERE state IN ('waiting', 'running', 'stopped', 'solved');
)"},
};

std::string in_dialect(std::string_view text, Dialect dialect) {
  std::string result(text);
  for (const Word& word : words) {
    const std::string_view meaning = dialect == Dialect::sqlite ? word.sqlite : word.postgresql;
    for (std::size_t at = 0; (at = result.find(word.word, at)) != std::string::npos; at += meaning.size()) {
      result.replace(at, word.word.size(), meaning);
    }
  }
  return result;
}

void define_all(Connection& connection, std::string_view text) {
  constexpr std::string_view end = ";\n";
  for (std::size_t at = 0; (at = text.find(end)) != std::string_view::npos; text.remove_prefix(at + end.size())) {
    connection.define(in_dialect(text.substr(0, at), connection.dialect()));
  }
}

std::uint64_t version_of(Connection& connection) {
  std::uint64_t version = 0;
  connection.execute(Query("SELECT COALESCE(MAX(version), 0) FROM schema_version"), {Kind::integer},
                     [&](std::span<const Value> row) { from_value(row[0], version); });
  return version;
}

// Takes one step. Whether there was one to take.
bool migrate_once(Connection& connection) {
  define_all(connection,
             "CREATE TABLE IF NOT EXISTS schema_version (version $INTEGER NOT NULL PRIMARY KEY, name TEXT NOT NULL) "
             "$STRICT;\n");
  const std::uint64_t version = version_of(connection);
  if (version > migrations.size()) {
    throw Error(ErrorKind::unavailable,
                "the database is of a newer version of Berth (schema " + std::to_string(version) + ", this one knows " +
                    std::to_string(migrations.size()) + "): install that version or a later one");
  }
  if (version == migrations.size()) {
    return false;
  }
  define_all(connection, migrations[version].text);
  connection.execute(std::move(Query("INSERT INTO schema_version (version, name) VALUES (")
                                   .add("", version + 1)
                                   .add(", ", std::string(migrations[version].name))
                                   .add(")")));
  return true;
}

}  // namespace

void migrate(Connection& connection) {
  for (bool more = true; more;) {
    connection.begin();
    try {
      more = migrate_once(connection);
      connection.commit();
    } catch (...) {
      connection.roll_back();
      throw;
    }
  }
}

}  // namespace berth::stores::sql
