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

Sessions::Sessions(Journal& journal, Instances& instances, AgentLinks& links, const Clock& clock)
    : journal_(journal), instances_(instances), links_(links), clock_(clock) {}

async::Task<std::shared_ptr<AgentLink>> Sessions::link_of(Caller caller, InstanceId id, Scope scope) {
  co_await instances_.running(std::move(caller), id, scope);
  co_return co_await links_.of(id);
}

async::Task<> Sessions::note(const Caller& caller, const InstanceId& id, EventType type, std::string detail) {
  co_await journal_.transact([&](Transaction& transaction) {
    transaction.append_event(Event{
        .type = type, .at = clock_.now(), .account = caller.account.id, .instance = id, .image = {}, .detail = detail});
  });
}

async::Task<std::uint32_t> Sessions::open(Caller caller, InstanceId id, wire::OpenSession request) {
  const auto link = co_await link_of(caller, id, Scope::instances_write);
  const std::string what =
      request.kind == wire::SessionKind::terminal ? "a terminal was opened" : "a command was started";
  const std::uint32_t session = co_await link->open(std::move(request));
  co_await note(caller, id, EventType::session_opened, what);
  co_return session;
}

async::Task<std::unique_ptr<SessionView>> Sessions::run(Caller caller, InstanceId id, wire::OpenSession request) {
  const auto link = co_await link_of(std::move(caller), id, Scope::instances_write);
  co_return co_await link->open_view(std::move(request));
}

async::Task<std::unique_ptr<SessionView>> Sessions::attach(Caller caller, InstanceId id, std::uint32_t session,
                                                           std::uint64_t offset) {
  const auto link = co_await link_of(std::move(caller), id, Scope::instances_write);
  co_return link->attach(session, offset);
}

async::Task<> Sessions::close(Caller caller, InstanceId id, std::uint32_t session) {
  const auto link = co_await link_of(caller, id, Scope::instances_write);
  link->close(session);
  co_await note(caller, id, EventType::session_closed, "a session was closed");
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
