// SPDX-License-Identifier: Apache-2.0
#include "doors/rest/forms.h"

#include <array>
#include <charconv>

namespace berth::doors::rest {
namespace {

std::string description_of(const core::Image& image) {
  if (image.source == "built_in") {
    if (image.name.text() == "busybox") {
      return "A tiny Linux that is there in a blink: shell and the usual small tools";
    }
    if (image.name.text() == "debian") {
      return "Debian with bash, apt, an editor and network tools";
    }
    return "Comes with Berth";
  }
  if (image.source == core::lab_source) {
    return "What the machines of a lab begin with";
  }
  return image.source == "import" ? "Imported from an archive" : "Pulled from " + image.source.substr(9);
}

}  // namespace

AccountForm form_of(const core::Account& account, const core::Scopes& scopes) {
  return {account.id, account.name, account.role, {scopes.begin(), scopes.end()}, account.created_at};
}

TokenForm form_of(const core::Token& token, const core::Caller& caller) {
  return {token.id,
          token.name,
          token.kind,
          {token.scopes.begin(), token.scopes.end()},
          token.created_at,
          token.expires_at,
          token.id == caller.token};
}

PlanForm form_of(const core::Plan& plan) {
  return {plan.name,   plan.description, plan.cpu_percent,      plan.memory,
          plan.disk,   plan.disk_kind,   plan.processes,        plan.open_files,
          plan.egress, plan.lifetime,    plan.longest_lifetime, plan.grace,
          plan.guests, plan.recording};
}

ImageForm form_of(const core::Image& image) {
  return {image.name, description_of(image), image.source, image.state,     image.progress,
          image.note, image.reason,          image.size,   image.created_at};
}

InstanceForm form_of(const core::ShownInstance& shown) {
  const core::Instance& instance = shown.instance;
  return {instance.id,        instance.name,          instance.account,       instance.image,
          instance.plan.name, instance.state,         instance.reason,        shown.queue_position,
          shown.queue_wait,   instance.created_at,    instance.started_at,    instance.expires_at,
          instance.gone_at,   instance.longest_until, instance.recording.kind};
}

UsageForm form_of(const core::Usage& usage, std::uint32_t cpu_percent_limit, TimePoint at) {
  return {at,         usage.cpu_microseconds, cpu_percent_limit, usage.memory, usage.memory_limit, usage.processes,
          usage.disk, usage.disk_limit,       usage.received,    usage.sent};
}

SessionForm form_of(const core::SessionSummary& session) {
  SessionForm form{.id = session_id(session.session),
                   .kind = session.kind,
                   .command = session.command,
                   .running = !session.exit,
                   .exit_code = {},
                   .exit_signal = {},
                   .viewers = session.viewers};
  if (session.exit) {
    form.exit_code = session.exit->code;
    form.exit_signal = session.exit->signal;
  }
  return form;
}

EventForm form_of(const core::Event& event) {
  return {event.sequence, event.type,    event.at,  event.account, event.instance,
          event.image,    event.attempt, event.lab, event.verdict, event.detail};
}

std::string session_id(std::uint32_t session) {
  std::array<char, 9> text{};
  std::snprintf(text.data(), text.size(), "%08x", session);
  return text.data();
}

std::uint32_t session_number(const std::string& id) {
  std::uint32_t number = 0;
  const auto [end, fault] = std::from_chars(id.data(), id.data() + id.size(), number, 16);
  if (id.size() != 8 || fault != std::errc{} || end != id.data() + id.size()) {
    throw Error(ErrorKind::not_found, "there is no such session; it may have been closed");
  }
  return number;
}

}  // namespace berth::doors::rest
