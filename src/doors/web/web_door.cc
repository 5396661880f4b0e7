// SPDX-License-Identifier: Apache-2.0
#include "doors/web/web_door.h"

#include <string>
#include <string_view>

#include "base/error.h"

namespace berth::doors::web {
namespace {

// Only our own files, no inline code or style, no frame around it. 'self' covers the WebSockets of the same origin. The
// player of recordings has its terminal as WebAssembly, which is compiled from a file of ours.
constexpr std::string_view policy =
    "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; style-src 'self'; img-src 'self' data:; font-src "
    "'self'; "
    "connect-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'";

constexpr std::string_view not_built = R"(<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Berth</title>
<h1>Berth is running, but its console is not here</h1>
<p>The folder of the web console is empty. Run <code>tools/run</code>, which builds it, or set <code>console</code> in the
configuration to the folder where it lies, and start again.</p>
<p>The command <code>berth</code> and the REST API below <code>/api/v1</code> work without it.</p>
</html>
)";

}  // namespace

WebDoor::WebDoor(const std::filesystem::path& folder) : files_(folder, std::string(policy)) {}

void WebDoor::add_routes(http::Router& router) {
  router.add_fallback([this](http::Exchange& exchange) { return serve(exchange); });
}

async::Task<> WebDoor::serve(http::Exchange& exchange) {
  const std::string& path = exchange.path();
  // A program that asks for what the API does not have must not be given a page with status 200.
  if (path == "/api" || path.starts_with("/api/")) {
    throw Error(ErrorKind::not_found, "the API has nothing at this address");
  }
  if (!files_.has_page()) {
    co_await exchange.respond(
        {.status = 503, .content_type = "text/html; charset=utf-8", .body = std::string(not_built), .headers = {}});
    co_return;
  }
  co_await files_.answer(exchange);
}

}  // namespace berth::doors::web
