// SPDX-License-Identifier: Apache-2.0
#include "doors/rest/page.h"
#include "doors/rest/request.h"
#include "doors/rest/rest_door.h"

namespace berth::doors::rest {
namespace {

RecordingId recording_of(http::Exchange& exchange) { return RecordingId(path_parameter(exchange, "recording")); }

RecordingForm form_of_recording(const core::Recording& recording, bool mine) {
  return {recording.id,
          recording.title,
          recording.account,
          recording.instance,
          session_id(recording.session),
          recording.policy,
          recording.began_at,
          recording.ended_at,
          recording.size,
          recording.duration,
          recording.truncated,
          mine,
          mine && recording.share_hash.has_value()};
}

}  // namespace

async::Task<> RestDoor::list_recordings(http::Exchange& exchange, core::Caller caller) {
  const auto instance = exchange.query("instance");
  const core::RecordingQuery query{.words = exchange.query("q").value_or(""),
                                   .instance = instance ? std::optional(InstanceId(*instance)) : std::nullopt,
                                   .everyone = query_flag(exchange, "everyone"),
                                   .cursor = exchange.query("cursor"),
                                   .limit = page_limit(exchange) + 1};  // one more tells whether there is more
  auto list = co_await services_.recordings.list(caller, query);
  co_await exchange.respond(
      json_response(page_form(std::move(list), page_limit(exchange), [&](const core::Recording& recording) {
        return form_of_recording(recording, core::may_dispose_of(caller, recording));
      })));
}

async::Task<> RestDoor::get_recording(http::Exchange& exchange) {
  const core::Recordings::Visitor visitor = co_await visitor_of(exchange);
  const core::Recording recording = co_await services_.recordings.find(visitor, recording_of(exchange));
  const bool mine = visitor && core::may_dispose_of(*visitor, recording);
  co_await exchange.respond(json_response(form_of_recording(recording, mine)));
}

async::Task<> RestDoor::get_cast(http::Exchange& exchange) {
  const core::Recordings::Visitor visitor = co_await visitor_of(exchange);
  co_await send_cast(exchange, co_await services_.recordings.find(visitor, recording_of(exchange)));
}

async::Task<> RestDoor::send_cast(http::Exchange& exchange, core::Recording recording) {
  const http::Response head{
      .status = 200,
      .content_type = "application/x-asciicast",
      .body = {},
      .headers = {{"Content-Disposition", "attachment; filename=\"" + recording.id.text() + ".cast\""}}};
  const auto write = [](http::Exchange& to, const http::Response& begin, std::string piece) -> async::Task<> {
    if (!to.responded()) {
      co_await to.start(begin);
    }
    co_await to.write(std::move(piece));
  };
  co_await services_.recordings.read(std::move(recording),
                                     [&](std::string piece) { return write(exchange, head, std::move(piece)); });
  co_await exchange.finish();
}

async::Task<> RestDoor::remove_recording(http::Exchange& exchange, core::Caller caller) {
  co_await services_.recordings.remove(std::move(caller), recording_of(exchange));
  co_await exchange.respond(no_content());
}

async::Task<> RestDoor::share_recording(http::Exchange& exchange, core::Caller caller) {
  const Secret secret = co_await services_.recordings.share(std::move(caller), recording_of(exchange));
  co_await exchange.respond(json_response(ShareForm{settings_.public_url + "/shared/" + secret.reveal()}, 201));
}

async::Task<> RestDoor::unshare_recording(http::Exchange& exchange, core::Caller caller) {
  co_await services_.recordings.unshare(std::move(caller), recording_of(exchange));
  co_await exchange.respond(no_content());
}

async::Task<> RestDoor::get_shared_recording(http::Exchange& exchange) {
  const core::Recording recording =
      co_await services_.recordings.find_shared(Secret(path_parameter(exchange, "secret")));
  co_await exchange.respond(json_response(form_of_recording(recording, false)));
}

async::Task<> RestDoor::get_shared_cast(http::Exchange& exchange) {
  co_await send_cast(exchange, co_await services_.recordings.find_shared(Secret(path_parameter(exchange, "secret"))));
}

}  // namespace berth::doors::rest
