// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/agent_links.h"
#include "core/instances.h"
#include "core/recorder.h"

namespace berth::core {

enum class FileForm { tar, raw };
BOOST_DESCRIBE_ENUM(FileForm, tar, raw)

// The use cases inside a running instance: terminals, commands, files and ports, for every door and every runtime.
// Lives as long as the server. Cancelling a view's task detaches; cancelling a file transfer ends it.
class Sessions {
 public:
  // The next piece of an upload; nothing at its end.
  using Source = std::function<async::Task<std::optional<std::string>>()>;
  // Takes a piece of a download; returns when there is room for more.
  using Sink = std::function<async::Task<>(std::string)>;

  Sessions(Journal& journal, Instances& instances, AgentLinks& links, Recorder& recorder, const Clock& clock);

  async::Task<std::uint32_t> open(Caller caller, InstanceId id, wire::OpenSession request);
  // A command with its one viewer, which no event tells of.
  async::Task<std::unique_ptr<SessionView>> run(Caller caller, InstanceId id, wire::OpenSession request);
  // To view needs less of the caller than to interact. Who looks on is seen by the others, and the owner's events tell
  // of anybody else.
  async::Task<std::unique_ptr<SessionView>> attach(Caller caller, InstanceId id, std::uint32_t session,
                                                   std::uint64_t offset, ViewerRole role = ViewerRole::interact);
  async::Task<> take_role(Caller caller, InstanceId id, SessionView& view, ViewerRole role);
  async::Task<> close(Caller caller, InstanceId id, std::uint32_t session);
  async::Task<std::vector<SessionSummary>> list(Caller caller, InstanceId id);
  async::Task<std::vector<wire::ListeningPort>> ports(Caller caller, InstanceId id);

  // The sink is not called before the first byte is there: until then a failure can still be told.
  async::Task<> read_files(Caller caller, InstanceId id, std::string path, FileForm form, Sink sink);
  async::Task<> write_files(Caller caller, InstanceId id, std::string path, FileForm form, Source source);

 private:
  async::Task<std::shared_ptr<AgentLink>> link_of(Caller caller, InstanceId id, Scope scope);
  async::Task<> note(AccountId account, const InstanceId& id, EventType type, std::string detail);
  async::Task<std::uint32_t> open_recorded(Instance instance, std::shared_ptr<AgentLink> link,
                                           wire::OpenSession request);
  async::Task<> note_viewer(const Caller& caller, const Instance& instance, ViewerRole role);

  Journal& journal_;
  Instances& instances_;
  AgentLinks& links_;
  Recorder& recorder_;
  const Clock& clock_;
};

}  // namespace berth::core
