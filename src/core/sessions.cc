// SPDX-License-Identifier: Apache-2.0
#include "core/sessions.h"

#include <algorithm>
#include <utility>

#include "core/session_end.h"

namespace berth::core {
namespace {

constexpr std::size_t longest_complaint = 1000;

// Collects a file session's complaint and hands on its output until it ends. Throws Error{kind} when it failed.
async::Task<> drain(SessionView& view, Sessions::Sink sink, ErrorKind kind) {
  std::string complaint;
  for (;;) {
    SessionItem item = co_await view.next();
    if (auto* output = std::get_if<SessionOutput>(&item)) {
      const std::uint64_t end = output->offset + output->bytes.size();
      if (output->stream == wire::Stream::standard_error) {
        complaint += output->bytes.substr(0, longest_complaint - std::min(longest_complaint, complaint.size()));
      } else if (sink) {
        co_await sink(std::move(output->bytes));
      }
      view.acknowledge(end);
      continue;
    }
    const auto* exit = std::get_if<wire::SessionExit>(&item);
    if (exit == nullptr) {
      continue;
    }
    if (exit->code != 0) {
      while (!complaint.empty() && complaint.back() == '\n') {
        complaint.pop_back();
      }
      throw Error(kind, complaint.empty() ? "the instance could not do it" : complaint);
    }
    co_return;
  }
}

}  // namespace

Sessions::Sessions(Journal& journal, Instances& instances, AgentLinks& links, Recorder& recorder, const Clock& clock)
    : journal_(journal), instances_(instances), links_(links), recorder_(recorder), clock_(clock) {}

async::Task<std::shared_ptr<AgentLink>> Sessions::link_of(Caller caller, InstanceId id, Scope scope) {
  co_await instances_.running(std::move(caller), id, scope);
  co_return co_await links_.of(id);
}

async::Task<> Sessions::note(AccountId account, const InstanceId& id, EventType type, std::string detail) {
  co_await journal_.transact([&](Transaction& transaction) {
    transaction.append_event(
        Event{.type = type, .at = clock_.now(), .account = account, .instance = id, .image = {}, .detail = detail});
  });
}

async::Task<std::uint32_t> Sessions::open(Caller caller, InstanceId id, wire::OpenSession request) {
  const Instance instance = co_await instances_.running(caller, id, Scope::instances_write);
  const auto link = co_await links_.of(id);
  const bool terminal = request.kind == wire::SessionKind::terminal;
  if (terminal && instance.recording.kind != RecordingKind::none) {
    const std::uint32_t recorded = co_await open_recorded(instance, link, std::move(request));
    co_await note(caller.account.id, id, EventType::session_opened, "a terminal was opened; it is recorded");
    co_return recorded;
  }
  const std::uint32_t session = co_await link->open(std::move(request));
  co_await note(caller.account.id, id, EventType::session_opened,
                terminal ? "a terminal was opened" : "a command was started");
  co_return session;
}

// Not open to anybody before its recording has begun.
async::Task<std::uint32_t> Sessions::open_recorded(Instance instance, std::shared_ptr<AgentLink> link,
                                                   wire::OpenSession request) {
  auto view = co_await link->open_view(request);
  const std::uint32_t session = view->session();
  view->record();
  try {
    co_await recorder_.begin(std::move(instance), std::move(request), std::move(view));
  } catch (...) {
    link->close(session);
    throw;
  }
  co_return session;
}

async::Task<std::unique_ptr<SessionView>> Sessions::run(Caller caller, InstanceId id, wire::OpenSession request) {
  const auto link = co_await link_of(std::move(caller), id, Scope::instances_write);
  co_return co_await link->open_view(std::move(request));
}

async::Task<std::unique_ptr<SessionView>> Sessions::attach(Caller caller, InstanceId id, std::uint32_t session,
                                                           std::uint64_t offset, ViewerRole role) {
  const Instance instance = co_await instances_.running(
      caller, id, role == ViewerRole::view ? Scope::instances_read : Scope::instances_write);
  const auto link = co_await links_.of(id);
  auto view = link->attach(session, offset);
  view->introduce(caller.account.name.empty() ? caller.account.id.text() : caller.account.name, role);
  co_await note_viewer(caller, instance, role);
  co_return view;
}

async::Task<> Sessions::take_role(Caller caller, InstanceId id, SessionView& view, ViewerRole role) {
  const Instance instance = co_await instances_.running(
      caller, id, role == ViewerRole::view ? Scope::instances_read : Scope::instances_write);
  view.take_role(role);
  co_await note_viewer(caller, instance, role);
}

async::Task<> Sessions::note_viewer(const Caller& caller, const Instance& instance, ViewerRole role) {
  if (caller.account.id == instance.account && role != ViewerRole::take_over) {
    co_return;
  }
  const std::string what = role == ViewerRole::view        ? " watches a session"
                           : role == ViewerRole::take_over ? " took over a session"
                                                           : " joined a session";
  co_await note(instance.account, instance.id, EventType::session_watched, caller.account.name + what);
}

async::Task<> Sessions::close(Caller caller, InstanceId id, std::uint32_t session) {
  const auto link = co_await link_of(caller, id, Scope::instances_write);
  link->close(session);
  co_await note(caller.account.id, id, EventType::session_closed, "a session was closed");
}

async::Task<std::vector<SessionSummary>> Sessions::list(Caller caller, InstanceId id) {
  const auto link = co_await link_of(std::move(caller), id, Scope::instances_read);
  std::vector<SessionSummary> list = link->sessions();
  std::erase_if(list, [](const SessionSummary& session) {  // file transfers are not for viewers
    return session.kind != wire::SessionKind::terminal && session.kind != wire::SessionKind::command;
  });
  co_return list;
}

async::Task<std::vector<wire::ListeningPort>> Sessions::ports(Caller caller, InstanceId id) {
  const auto link = co_await link_of(std::move(caller), id, Scope::instances_read);
  co_return co_await link->listening_ports();
}

async::Task<> Sessions::read_files(Caller caller, InstanceId id, std::string path, FileForm form, Sink sink) {
  const auto link = co_await link_of(std::move(caller), id, Scope::instances_write);
  const auto kind = form == FileForm::tar ? wire::SessionKind::read_tar : wire::SessionKind::read_file;
  const auto view = co_await link->open_view({.kind = kind, .path = std::move(path)});
  const SessionEnd ends_with_this(*view);
  co_await drain(*view, std::move(sink), ErrorKind::not_found);
}

async::Task<> Sessions::write_files(Caller caller, InstanceId id, std::string path, FileForm form, Source source) {
  const auto link = co_await link_of(std::move(caller), id, Scope::instances_write);
  const auto kind = form == FileForm::tar ? wire::SessionKind::write_tar : wire::SessionKind::write_file;
  const auto view = co_await link->open_view({.kind = kind, .path = std::move(path)});
  const SessionEnd ends_with_this(*view);
  while (auto piece = co_await source()) {
    co_await view->input(std::move(*piece));
  }
  view->end_input();
  co_await drain(*view, {}, ErrorKind::invalid_argument);
}

}  // namespace berth::core
