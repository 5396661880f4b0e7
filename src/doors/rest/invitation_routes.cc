// SPDX-License-Identifier: Apache-2.0
#include "doors/rest/invitation_forms.h"
#include "doors/rest/page.h"
#include "doors/rest/request.h"
#include "doors/rest/rest_door.h"

namespace berth::doors::rest {
namespace {

constexpr std::uint32_t shortest_lifetime = 60;              // seconds
constexpr std::uint32_t longest_lifetime = 90U * 24 * 3600;  // seconds

core::InvitationId invitation_of(http::Exchange& exchange) {
  return core::InvitationId(path_parameter(exchange, "invitation"));
}

}  // namespace

async::Task<> RestDoor::list_invitations(http::Exchange& exchange, core::Caller caller) {
  const std::size_t limit = page_limit(exchange);
  auto invitations = co_await services_.invitations.list(std::move(caller), page_of(exchange));
  PageForm<InvitationForm> page;
  if (invitations.size() > limit) {
    invitations.resize(limit);
    page.next_cursor = invitations.back().invitation.id.text();
  }
  for (const core::ShownInvitation& invitation : invitations) {
    page.items.push_back(form_of(invitation));
  }
  co_await exchange.respond(json_response(page));
}

async::Task<> RestDoor::create_invitation(http::Exchange& exchange, core::Caller caller) {
  auto form = co_await read_form<CreateInvitationRequest>(exchange);
  const core::IssuedInvitation issued = co_await services_.invitations.create(
      std::move(caller), {.name = form.name.value_or(""),
                          .labs = std::move(form.labs),
                          .lifetime = seconds_of(form.lifetime, "lifetime", shortest_lifetime, longest_lifetime)});
  // Behind the #, so that it is in no server's log.
  const std::string url = settings_.public_url + "/invited#" + issued.secret.reveal();
  co_await exchange.respond(json_response(IssuedInvitationForm{form_of(issued.shown), url}, 201));
}

async::Task<> RestDoor::get_invitation(http::Exchange& exchange, core::Caller caller) {
  const auto shown = co_await services_.invitations.find(std::move(caller), invitation_of(exchange));
  co_await exchange.respond(json_response(form_of(shown)));
}

async::Task<> RestDoor::revoke_invitation(http::Exchange& exchange, core::Caller caller) {
  const auto shown = co_await services_.invitations.revoke(std::move(caller), invitation_of(exchange));
  co_await exchange.respond(json_response(form_of(shown)));
}

async::Task<> RestDoor::look_at_invitation(http::Exchange& exchange) {
  const auto form = co_await read_form<LookRequest>(exchange);
  const auto shown = co_await services_.invitations.look(Secret(form.secret));
  co_await exchange.respond(json_response(link_form_of(shown)));
}

async::Task<> RestDoor::open_invitation(http::Exchange& exchange) {
  if (exchange.header("Origin")) {
    require_same_origin(exchange);  // nobody signs a visitor in as somebody else
  }
  const auto form = co_await read_form<OpenInvitationRequest>(exchange);
  const bool browser = form.kind.value_or(LoginKind::browser) == LoginKind::browser;
  const auto candidate = co_await services_.invitations.open(
      Secret(form.secret), browser ? core::TokenKind::browser : core::TokenKind::api_token);
  co_await exchange.respond(login_response(candidate));
}

}  // namespace berth::doors::rest
