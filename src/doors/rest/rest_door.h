// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "core/accounts.h"
#include "core/attempts.h"
#include "core/competitions.h"
#include "core/events.h"
#include "core/gate.h"
#include "core/images.h"
#include "core/instances.h"
#include "core/invitations.h"
#include "core/recordings.h"
#include "core/service_register.h"
#include "core/services.h"
#include "core/sessions.h"
#include "core/ssh_keys.h"
#include "core/webhooks.h"
#include "doors/rest/forms.h"
#include "http/router.h"

namespace berth::doors::rest {

struct Settings {
  std::string public_url;     // of login links: "https://berth.example"; no slash at the end
  std::string contract;       // api/openapi.yaml as JSON text
  std::string upload_folder;  // for image archives on their way to the warden
  Bytes largest_upload = 16_GiB;
};

// The use cases and what else the door needs from the wiring.
struct Services {
  core::Accounts& accounts;
  core::SshKeys& ssh_keys;
  core::Instances& instances;
  core::Sessions& sessions;
  core::Recordings& recordings;
  core::Images& images;
  core::Events& events;
  core::Services& offered;
  core::Labs& labs;
  core::Attempts& attempts;
  core::Competitions& competitions;
  core::Invitations& invitations;
  core::Webhooks& webhooks;
  core::ServiceRegister& offers;
  core::Pools& pools;
  core::Journal& journal;
  core::AgentLinks& links;
  const Clock& clock;
  std::function<async::Task<std::vector<CheckForm>>()> health;
  std::function<SshForm()> ssh;
  std::function<std::vector<core::GateStatus>()> gates;  // of the services' addresses
};

// The REST API and its streams under /api/v1. Translates and never decides. Lives as long as the router it filled;
// cancelling an exchange ends what it waits for.
class RestDoor {
 public:
  RestDoor(Services services, Settings settings);
  void add_routes(http::Router& router);

 private:
  using Route = async::Task<> (RestDoor::*)(http::Exchange&, core::Caller);

  // A route for callers whose token or cookie is known; queries it does not name are refused.
  void add(http::Router& router, http::Method method, std::string_view pattern, Route route,
           std::vector<std::string> queries = {});
  async::Task<> serve(http::Exchange& exchange, Route route, const std::vector<std::string>& queries);
  async::Task<core::Caller> caller_of(http::Exchange& exchange);
  // Of what is shown without signing in, too.
  async::Task<core::Recordings::Visitor> visitor_of(http::Exchange& exchange);

  // service_routes.cc
  async::Task<> get_health(http::Exchange& exchange);
  async::Task<> get_metrics(http::Exchange& exchange);
  async::Task<> get_contract(http::Exchange& exchange);
  // account_routes.cc
  async::Task<> login(http::Exchange& exchange);
  async::Task<> create_guest(http::Exchange& exchange);
  async::Task<> logout(http::Exchange& exchange, core::Caller caller);
  async::Task<> get_account(http::Exchange& exchange, core::Caller caller);
  async::Task<> list_accounts(http::Exchange& exchange, core::Caller caller);
  async::Task<> create_account(http::Exchange& exchange, core::Caller caller);
  async::Task<> create_login_link(http::Exchange& exchange, core::Caller caller);
  async::Task<> list_tokens(http::Exchange& exchange, core::Caller caller);
  async::Task<> create_token(http::Exchange& exchange, core::Caller caller);
  async::Task<> remove_token(http::Exchange& exchange, core::Caller caller);
  // ssh_routes.cc
  async::Task<> get_ssh(http::Exchange& exchange, core::Caller caller);
  async::Task<> list_ssh_keys(http::Exchange& exchange, core::Caller caller);
  async::Task<> add_ssh_key(http::Exchange& exchange, core::Caller caller);
  async::Task<> remove_ssh_key(http::Exchange& exchange, core::Caller caller);
  // offer_routes.cc
  async::Task<> list_pools(http::Exchange& exchange, core::Caller caller);
  async::Task<> list_services(http::Exchange& exchange, core::Caller caller);
  async::Task<> create_service(http::Exchange& exchange, core::Caller caller);
  async::Task<> get_service(http::Exchange& exchange, core::Caller caller);
  async::Task<> remove_service(http::Exchange& exchange, core::Caller caller);
  async::Task<> reset_service(http::Exchange& exchange, core::Caller caller);
  // image_routes.cc
  async::Task<> list_plans(http::Exchange& exchange, core::Caller caller);
  async::Task<> list_images(http::Exchange& exchange, core::Caller caller);
  async::Task<> get_image(http::Exchange& exchange, core::Caller caller);
  async::Task<> pull_image(http::Exchange& exchange, core::Caller caller);
  async::Task<> import_image(http::Exchange& exchange, core::Caller caller);
  async::Task<> remove_image(http::Exchange& exchange, core::Caller caller);
  // instance_routes.cc
  async::Task<> list_instances(http::Exchange& exchange, core::Caller caller);
  async::Task<> create_instance(http::Exchange& exchange, core::Caller caller);
  async::Task<> get_instance(http::Exchange& exchange, core::Caller caller);
  async::Task<> rename_instance(http::Exchange& exchange, core::Caller caller);
  async::Task<> destroy_instance(http::Exchange& exchange, core::Caller caller);
  async::Task<> act_on_instance(http::Exchange& exchange, core::Caller caller);
  async::Task<> get_usage(http::Exchange& exchange, core::Caller caller);
  async::Task<> list_ports(http::Exchange& exchange, core::Caller caller);
  // file_routes.cc
  async::Task<> export_instance(http::Exchange& exchange, core::Caller caller);
  async::Task<> read_files(http::Exchange& exchange, core::Caller caller);
  async::Task<> write_files(http::Exchange& exchange, core::Caller caller);
  // session_routes.cc
  async::Task<> exec_command(http::Exchange& exchange, core::Caller caller);
  async::Task<> list_sessions(http::Exchange& exchange, core::Caller caller);
  async::Task<> open_session(http::Exchange& exchange, core::Caller caller);
  async::Task<> close_session(http::Exchange& exchange, core::Caller caller);
  async::Task<> attach_session(http::Exchange& exchange, core::Caller caller);
  // lab_routes.cc
  async::Task<> list_labs(http::Exchange& exchange, core::Caller caller);
  async::Task<> get_lab(http::Exchange& exchange, core::Caller caller);
  async::Task<> upload_lab(http::Exchange& exchange, core::Caller caller);
  async::Task<> act_on_lab(http::Exchange& exchange, core::Caller caller);
  async::Task<> start_attempt(http::Exchange& exchange, core::Caller caller);
  async::Task<> list_attempts(http::Exchange& exchange, core::Caller caller);
  async::Task<> get_attempt(http::Exchange& exchange, core::Caller caller);
  async::Task<> end_attempt(http::Exchange& exchange, core::Caller caller);
  async::Task<> stop_attempt(http::Exchange& exchange, core::Caller caller);
  async::Task<> resume_attempt(http::Exchange& exchange, core::Caller caller);
  async::Task<> check_attempt(http::Exchange& exchange, core::Caller caller);
  async::Task<> list_checks(http::Exchange& exchange, core::Caller caller);
  async::Task<> take_hint(http::Exchange& exchange, core::Caller caller);
  // competition_routes.cc
  async::Task<> list_competitions(http::Exchange& exchange, core::Caller caller);
  async::Task<> get_competition(http::Exchange& exchange, core::Caller caller);
  async::Task<> put_competition(http::Exchange& exchange, core::Caller caller);
  async::Task<> end_competition(http::Exchange& exchange, core::Caller caller);
  async::Task<> join_competition(http::Exchange& exchange, core::Caller caller);
  async::Task<> get_board(http::Exchange& exchange);
  async::Task<> export_competition(http::Exchange& exchange, core::Caller caller);
  // invitation_routes.cc
  async::Task<> list_invitations(http::Exchange& exchange, core::Caller caller);
  async::Task<> create_invitation(http::Exchange& exchange, core::Caller caller);
  async::Task<> get_invitation(http::Exchange& exchange, core::Caller caller);
  async::Task<> revoke_invitation(http::Exchange& exchange, core::Caller caller);
  async::Task<> look_at_invitation(http::Exchange& exchange);
  async::Task<> open_invitation(http::Exchange& exchange);
  // webhook_routes.cc
  async::Task<> list_webhooks(http::Exchange& exchange, core::Caller caller);
  async::Task<> create_webhook(http::Exchange& exchange, core::Caller caller);
  async::Task<> get_webhook(http::Exchange& exchange, core::Caller caller);
  async::Task<> change_webhook(http::Exchange& exchange, core::Caller caller);
  async::Task<> remove_webhook(http::Exchange& exchange, core::Caller caller);
  async::Task<> test_webhook(http::Exchange& exchange, core::Caller caller);
  async::Task<> rotate_webhook(http::Exchange& exchange, core::Caller caller);
  // recording_routes.cc
  async::Task<> list_recordings(http::Exchange& exchange, core::Caller caller);
  async::Task<> get_recording(http::Exchange& exchange);
  async::Task<> get_cast(http::Exchange& exchange);
  async::Task<> remove_recording(http::Exchange& exchange, core::Caller caller);
  async::Task<> share_recording(http::Exchange& exchange, core::Caller caller);
  async::Task<> unshare_recording(http::Exchange& exchange, core::Caller caller);
  async::Task<> get_shared_recording(http::Exchange& exchange);
  async::Task<> get_shared_cast(http::Exchange& exchange);
  async::Task<> send_cast(http::Exchange& exchange, core::Recording recording);
  // event_routes.cc
  async::Task<> list_events(http::Exchange& exchange, core::Caller caller);
  async::Task<> stream_events(http::Exchange& exchange, core::Caller caller, core::EventFilter filter);
  async::Task<> stream_usage(http::Exchange& exchange, core::Caller caller, InstanceId id);

  async::Task<UsageForm> usage_of(core::Caller caller, InstanceId id);
  // The cookie of a browser, or the token.
  http::Response login_response(const core::SignedIn& signed_in) const;
  LoginLinkForm form_of_link(const core::LoginLink& link) const;

  struct RenderedBoard {
    std::shared_ptr<const core::Board> board;  // shared: see Competitions::board
    std::string body;
    std::string tag;
  };

  Services services_;
  Settings settings_;
  std::map<std::string, RenderedBoard> boards_;  // by competition
};

}  // namespace berth::doors::rest
