// SPDX-License-Identifier: Apache-2.0
#include "doors/rest/page.h"
#include "doors/rest/request.h"
#include "doors/rest/rest_door.h"

namespace berth::doors::rest {
namespace {

SshKeyForm form_of_key(const core::Token& key) {
  return {key.id, key.name, core::fingerprint_of_hash(key.hash), key.created_at, key.expires_at};
}

}  // namespace

async::Task<> RestDoor::get_ssh(http::Exchange& exchange, core::Caller /*caller*/) {
  co_await exchange.respond(json_response(services_.ssh()));
}

async::Task<> RestDoor::list_ssh_keys(http::Exchange& exchange, core::Caller caller) {
  auto keys = co_await services_.ssh_keys.list(std::move(caller), page_of(exchange));
  co_await exchange.respond(json_response(page_form(std::move(keys), page_limit(exchange), form_of_key)));
}

async::Task<> RestDoor::add_ssh_key(http::Exchange& exchange, core::Caller caller) {
  const auto form = co_await read_form<AddSshKeyRequest>(exchange);
  const core::Token key = co_await services_.ssh_keys.add(std::move(caller), form.name.value_or(""), form.key);
  co_await exchange.respond(json_response(form_of_key(key), 201));
}

async::Task<> RestDoor::remove_ssh_key(http::Exchange& exchange, core::Caller caller) {
  co_await services_.ssh_keys.remove(std::move(caller), TokenId(path_parameter(exchange, "key")));
  co_await exchange.respond(no_content());
}

}  // namespace berth::doors::rest
