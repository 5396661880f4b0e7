// SPDX-License-Identifier: Apache-2.0
#include "core/storable.h"

#include <cmath>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <utility>

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

void require_storable(const StoredService& service) {
  const ServiceDefinition& definition = service.definition;
  require_key(service.name, "name");
  if (definition.name != service.name) {
    refuse("name", "must be that of the definition");
  }
  for (const auto& [text, field] :
       {std::pair(&definition.listen, "listen"), std::pair(&definition.image, "image"),
        std::pair(&definition.plan, "plan"), std::pair(&definition.user, "user"),
        std::pair(&definition.tokens_file, "tokens_file"), std::pair(&definition.tokens_webhook, "tokens_webhook"),
        std::pair(&definition.tokens_webhook_secret_file, "tokens_webhook_secret_file")}) {
    require_text(*text, field);
  }
  for (const auto& [list, field] :
       {std::pair(&definition.tls_names, "tls_names"), std::pair(&definition.command, "command"),
        std::pair(&definition.allow, "allow"), std::pair(&definition.deny, "deny"),
        std::pair(&service.token_hashes, "token_hashes")}) {
    for (const std::string& text : *list) {
      require_text(text, field);
    }
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

void require_storable(const Lab& lab) {
  require_key(lab.id.text(), "id");
  require_key(lab.name, "name");
  require_key(lab.author.text(), "author");
  require_optional_text(lab.reason, "reason");
  const LabManifest& manifest = lab.manifest;
  for (const std::string* text : {&manifest.title, &manifest.summary, &manifest.image, &manifest.plan,
                                  &manifest.check.machine, &lab.plan.name, &lab.plan.description}) {
    require_text(*text, "manifest");
  }
  for (const auto* list : {&manifest.tags, &manifest.hints, &manifest.steps}) {
    for (const std::string& text : *list) {
      require_text(text, "manifest");
    }
  }
  for (const LabMachine& machine : manifest.machines) {
    require_text(machine.name, "manifest.machines");
    require_text(machine.image, "manifest.machines");
  }
}

void require_storable(const LabContents& contents) {
  require_key(contents.lab.text(), "lab");
  for (const auto& [name, text] : contents.files) {
    require_text(name, "files");
    require_text(text, "files");
  }
}

void require_storable(const Attempt& attempt) {
  require_key(attempt.id.text(), "id");
  require_key(attempt.account.text(), "account");
  require_key(attempt.lab.text(), "lab");
  require_key(attempt.lab_name, "lab_name");
  require_optional_text(attempt.reason, "reason");
  for (const AttemptMachine& machine : attempt.machines) {
    require_text(machine.name, "machines");
    require_key(machine.instance.text(), "machines");
  }
}

void require_storable(const Check& check) {
  require_key(check.id, "id");
  require_key(check.attempt.text(), "attempt");
  require_text(check.reason, "reason");
  require_number(check.milliseconds, "milliseconds");
}

void require_storable(const Competition& competition) {
  const CompetitionDefinition& definition = competition.definition;
  require_key(competition.name, "name");
  require_text(definition.title, "title");
  require_text(definition.text, "text");
  for (const std::string& lab : definition.labs) {
    require_text(lab, "labs");
  }
  for (const CompetitionWindow& window : definition.windows) {
    require_text(window.region, "windows");
  }
}

void require_storable(const Participant& participant) {
  require_key(participant.id, "id");
  require_key(participant.competition, "competition");
  require_text(participant.name, "name");
  require_text(participant.region, "region");
  require_text(participant.code, "code");
}

void require_storable(const Membership& membership) {
  require_key(membership.id, "id");
  require_key(membership.competition, "competition");
  require_key(membership.account.text(), "account");
  require_key(membership.participant, "participant");
}

void require_storable(const Solve& solve) {
  require_key(solve.id, "id");
  require_key(solve.competition, "competition");
  require_key(solve.participant, "participant");
  require_key(solve.lab, "lab");
  require_key(solve.account.text(), "account");
  require_key(solve.attempt.text(), "attempt");
}

void require_storable(const Invitation& invitation) {
  require_key(invitation.id.text(), "id");
  require_key(invitation.reviewer.text(), "reviewer");
  require_key(invitation.hash, "hash");
  require_text(invitation.name, "name");
  for (const std::string& lab : invitation.labs) {
    require_text(lab, "labs");
  }
  if (invitation.candidate) {
    require_key(invitation.candidate->text(), "candidate");
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

void require_storable(const Webhook& webhook) {
  require_key(webhook.id.text(), "id");
  require_text(webhook.url, "url");
  require_text(webhook.secret.reveal(), "secret");
  require_optional_text(webhook.reason, "reason");
  require_number(webhook.delivered_through, "delivered_through");
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
  if (event.attempt) {
    require_key(event.attempt->text(), "attempt");
  }
  require_optional_text(event.lab, "lab");
  require_text(event.detail, "detail");
}

}  // namespace berth::core
