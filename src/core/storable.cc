// SPDX-License-Identifier: Apache-2.0
#include "core/storable.h"

#include <cmath>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>

#include "base/error.h"
#include "core/utf8.h"

namespace berth::core {
namespace {

[[noreturn]] void refuse(std::string_view field, const std::string& what) {
  throw Error(ErrorKind::invalid_argument, std::string(field) + " " + what, std::string(field));
}

void require_number(std::uint64_t number, std::string_view field) {
  if (number > static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max())) {
    refuse(field, "is too large");
  }
}

void require_optional_text(const std::optional<std::string>& text, std::string_view field) {
  if (text) {
    require_text(*text, field);
  }
}

}  // namespace

void require_text(std::string_view text, std::string_view field) {
  if (text.find('\0') != std::string_view::npos) {
    refuse(field, "must not contain a zero character");
  }
  while (!text.empty()) {
    const std::size_t length = character_length(text);
    if (length == 0) {
      refuse(field, "must be text in UTF-8");
    }
    text.remove_prefix(length);
  }
}

void require_key(std::string_view text, std::string_view field) {
  if (text.empty()) {
    refuse(field, "must not be empty");
  }
  if (text.size() > longest_key) {
    refuse(field, "must not be longer than " + std::to_string(longest_key) + " bytes");
  }
  require_text(text, field);
}

void require_storable(const Account& account) {
  require_key(account.id.text(), "id");
  require_text(account.name, "name");
}

void require_storable(const Token& token) {
  require_key(token.id.text(), "id");
  require_key(token.account.text(), "account");
  require_key(token.hash, "hash");
  require_text(token.name, "name");
}

void require_storable(const Image& image) {
  require_key(image.name.text(), "name");
  require_text(image.source, "source");
  require_text(image.note, "note");
  require_optional_text(image.reason, "reason");
  require_number(image.size.count, "size");
  if (!std::isfinite(image.progress)) {
    refuse("progress", "must be a number");
  }
}

void require_storable(const Instance& instance) {
  require_key(instance.id.text(), "id");
  require_key(instance.account.text(), "account");
  require_text(instance.name, "name");
  require_text(instance.image.text(), "image");
  require_text(instance.plan.name, "plan.name");
  require_text(instance.plan.description, "plan.description");
  require_optional_text(instance.reason, "reason");
  require_number(instance.queue_number, "queue_number");
  require_number(instance.turn, "turn");
  require_text(instance.share, "share");
  if (!instance.idempotency_key.empty()) {
    require_key(instance.idempotency_key, "idempotency_key");
  }
  require_text(instance.idempotency_digest, "idempotency_digest");
  for (const std::string& word : instance.launch.command) {
    require_text(word, "launch.command");
  }
  require_text(instance.launch.user, "launch.user");
  require_text(instance.service, "service");
  if (!instance.service_key.empty()) {
    require_key(instance.service_key, "service_key");
  }
}

void require_storable(const Recording& recording) {
  require_key(recording.id.text(), "id");
  require_key(recording.account.text(), "account");
  require_key(recording.instance.text(), "instance");
  require_text(recording.title, "title");
  require_number(recording.size.count, "size");
  if (recording.share_hash) {
    require_key(*recording.share_hash, "share_hash");
  }
}

void require_storable(const Event& event) {
  if (event.account) {
    require_key(event.account->text(), "account");
  }
  if (event.instance) {
    require_key(event.instance->text(), "instance");
  }
  if (event.image) {
    require_text(event.image->text(), "image");
  }
  require_text(event.detail, "detail");
}

}  // namespace berth::core
