// SPDX-License-Identifier: Apache-2.0
#include "doors/rest/page.h"
#include "doors/rest/request.h"
#include "doors/rest/rest_door.h"

namespace berth::doors::rest {
namespace {

// The cookie of a browser; an empty secret removes it.
std::string cookie_of(const Settings& settings, const Secret& secret, Seconds lifetime) {
  std::string cookie =
      "berth=" + secret.reveal() + "; Path=/; HttpOnly; SameSite=Strict; Max-Age=" + std::to_string(lifetime.count());
  return settings.public_url.starts_with("https://") ? cookie + "; Secure" : cookie;
}

constexpr Seconds cookie_lifetime{30 * 24 * 3600};

}  // namespace

LoginLinkForm RestDoor::form_of_link(const core::LoginLink& link) const {
  return {form_of(link.account, core::scopes_of(link.account.role)),
          settings_.public_url + "/login#code=" + link.code.reveal(), link.expires_at};
}

async::Task<> RestDoor::login(http::Exchange& exchange) {
  if (exchange.header("Origin")) {
    require_same_origin(exchange);  // nobody signs a visitor in as somebody else
  }
  const auto form = co_await read_form<LoginRequest>(exchange);
  const bool browser = form.kind.value_or(LoginKind::browser) == LoginKind::browser;
  const core::SignedIn signed_in = co_await services_.accounts.login(
      Secret(form.code), browser ? core::TokenKind::browser : core::TokenKind::api_token);
  co_await exchange.respond(login_response(signed_in));
}

http::Response RestDoor::login_response(const core::SignedIn& signed_in) const {
  const bool browser = signed_in.issued.token.kind == core::TokenKind::browser;
  LoginForm answer{form_of(signed_in.account, signed_in.issued.token.scopes), {}};
  if (!browser) {
    answer.token = signed_in.issued.secret.reveal();
  }
  http::Response response = json_response(answer);
  if (browser) {
    response.headers.emplace_back("Set-Cookie", cookie_of(settings_, signed_in.issued.secret, cookie_lifetime));
  }
  return response;
}

async::Task<> RestDoor::create_guest(http::Exchange& exchange) {
  if (exchange.header("Origin")) {
    require_same_origin(exchange);
  }
  const core::SignedIn guest = co_await services_.accounts.create_guest();
  http::Response response = json_response(form_of(guest.account, guest.issued.token.scopes), 201);
  response.headers.emplace_back("Set-Cookie", cookie_of(settings_, guest.issued.secret, cookie_lifetime));
  co_await exchange.respond(std::move(response));
}

async::Task<> RestDoor::logout(http::Exchange& exchange, core::Caller caller) {
  co_await services_.accounts.logout(std::move(caller));
  http::Response response = no_content();
  response.headers.emplace_back("Set-Cookie", cookie_of(settings_, Secret{}, Seconds{0}));
  co_await exchange.respond(std::move(response));
}

async::Task<> RestDoor::get_account(http::Exchange& exchange, core::Caller caller) {
  co_await exchange.respond(json_response(form_of(caller.account, caller.scopes)));
}

async::Task<> RestDoor::list_accounts(http::Exchange& exchange, core::Caller caller) {
  const auto accounts = co_await services_.accounts.list_accounts(std::move(caller), page_of(exchange));
  co_await exchange.respond(json_response(page_form(accounts, page_limit(exchange), [](const core::Account& account) {
    return form_of(account, core::scopes_of(account.role));
  })));
}

async::Task<> RestDoor::create_account(http::Exchange& exchange, core::Caller caller) {
  const auto form = co_await read_form<CreateAccountRequest>(exchange);
  const core::LoginLink link =
      co_await services_.accounts.create_account(std::move(caller), form.name, form.role.value_or(core::Role::member));
  co_await exchange.respond(json_response(form_of_link(link), 201));
}

async::Task<> RestDoor::create_login_link(http::Exchange& exchange, core::Caller caller) {
  const core::LoginLink link =
      co_await services_.accounts.create_login_link(std::move(caller), AccountId(path_parameter(exchange, "account")));
  co_await exchange.respond(json_response(form_of_link(link), 201));
}

async::Task<> RestDoor::list_tokens(http::Exchange& exchange, core::Caller caller) {
  const auto tokens = co_await services_.accounts.list_tokens(caller, page_of(exchange));
  co_await exchange.respond(json_response(
      page_form(tokens, page_limit(exchange), [&](const core::Token& token) { return form_of(token, caller); })));
}

async::Task<> RestDoor::create_token(http::Exchange& exchange, core::Caller caller) {
  const auto form = co_await read_form<CreateTokenRequest>(exchange);
  const bool tcp = form.kind == NewTokenKind::tcp_token;
  core::NewToken request{.name = form.name,
                         .kind = tcp ? core::TokenKind::tcp_token : core::TokenKind::api_token,
                         .scopes = {},
                         .lifetime = seconds_of(form.lifetime, "lifetime", 60)};
  if (form.scopes) {
    request.scopes = core::Scopes(form.scopes->begin(), form.scopes->end());
  }
  const core::IssuedToken issued = co_await services_.accounts.create_token(caller, std::move(request));
  co_await exchange.respond(
      json_response(CreatedTokenForm{form_of(issued.token, caller), issued.secret.reveal()}, 201));
}

async::Task<> RestDoor::remove_token(http::Exchange& exchange, core::Caller caller) {
  co_await services_.accounts.remove_token(std::move(caller), TokenId(path_parameter(exchange, "token")));
  co_await exchange.respond(no_content());
}

}  // namespace berth::doors::rest
