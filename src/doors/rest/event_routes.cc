// SPDX-License-Identifier: Apache-2.0
#include <charconv>

#include "async/race.h"
#include "async/time_limit.h"
#include "doors/rest/request.h"
#include "doors/rest/rest_door.h"

namespace berth::doors::rest {
namespace {

constexpr std::size_t events_per_read = 200;
constexpr Milliseconds usage_every{2000};
constexpr Milliseconds keep_alive_every{20'000};

std::string sse(std::string_view name, std::optional<std::uint64_t> id, const std::string& text) {
  std::string message;
  if (id) {
    message += "id: " + std::to_string(*id) + "\n";
  }
  message += "event: ";
  message += name;
  return message + "\ndata: " + text + "\n\n";
}

async::Task<> start_stream(http::Exchange& exchange) {
  co_await exchange.start({.status = 200, .content_type = "text/event-stream", .body = {}, .headers = {}});
  co_await exchange.write("retry: 1000\n\n");
}

std::optional<std::uint64_t> last_event_id(const http::Exchange& exchange) {
  const auto text = exchange.header("Last-Event-ID");
  std::uint64_t number = 0;
  if (!text || std::from_chars(text->data(), text->data() + text->size(), number).ec != std::errc{}) {
    return std::nullopt;
  }
  return number;
}

async::Task<> news_of(async::Trigger& one, unsigned long one_seen, async::Trigger& other, unsigned long other_seen) {
  co_await async::race(one.wait_beyond(one_seen), other.wait_beyond(other_seen));
}

async::Task<> follow(http::Exchange& exchange, core::Events& events, core::Images& images, core::Caller caller,
                     core::EventFilter filter) {
  for (;;) {
    const unsigned long appended = events.appended().count();
    const unsigned long progressed = images.progressed().count();
    const auto news = co_await events.list(caller, filter);
    for (const core::Event& event : news) {
      co_await exchange.write(sse(enum_name(event.type), event.sequence, print_json(to_json(form_of(event)))));
      filter.after = event.sequence;
    }
    for (const core::Image& image : images.preparing()) {
      co_await exchange.write(sse("image_progress", {}, print_json(to_json(form_of(image)))));
    }
    if (news.size() == filter.limit) {
      continue;
    }
    const bool woken = co_await async::finishes_within(
        news_of(events.appended(), appended, images.progressed(), progressed), keep_alive_every);
    if (!woken) {
      co_await exchange.write(": still here\n\n");
    }
  }
}

}  // namespace

async::Task<> RestDoor::list_events(http::Exchange& exchange, core::Caller caller) {
  constexpr std::uint64_t unset = std::numeric_limits<std::int64_t>::max();
  core::EventFilter filter{.after = query_number(exchange, "after", 0, unset - 1, unset),
                           .account = {},
                           .instance = {},
                           .limit = page_limit(exchange)};
  if (const auto instance = exchange.query("instance")) {
    filter.instance = InstanceId(*instance);
  }
  if (wants_event_stream(exchange)) {
    filter.after = last_event_id(exchange).value_or(filter.after);
    filter.limit = events_per_read;
    if (filter.after == unset) {
      filter.after = co_await services_.events.last(caller);
    }
    co_await stream_events(exchange, std::move(caller), filter);
    co_return;
  }
  filter.after = filter.after == unset ? 0 : filter.after;
  const auto events = co_await services_.events.list(std::move(caller), filter);
  EventPageForm page;
  for (const core::Event& event : events) {
    page.items.push_back(form_of(event));
  }
  if (events.size() == filter.limit) {
    page.next_after = events.back().sequence;
  }
  co_await exchange.respond(json_response(page));
}

async::Task<> RestDoor::stream_events(http::Exchange& exchange, core::Caller caller, core::EventFilter filter) {
  co_await services_.events.list(caller, filter);  // a refusal is answered before the stream begins
  co_await start_stream(exchange);
  co_await async::race(follow(exchange, services_.events, services_.images, std::move(caller), filter),
                       exchange.disconnected());
}

async::Task<> RestDoor::stream_usage(http::Exchange& exchange, core::Caller caller, InstanceId id) {
  UsageForm usage = co_await usage_of(caller, id);
  co_await start_stream(exchange);
  const auto send = [](RestDoor& door, http::Exchange& to, core::Caller asking, InstanceId of,
                       UsageForm first) -> async::Task<> {
    for (;;) {
      co_await to.write(sse("usage", {}, print_json(to_json(first))));
      co_await async::pause_for(usage_every);
      first = co_await door.usage_of(asking, of);
    }
  };
  co_await async::race(send(*this, exchange, std::move(caller), std::move(id), usage), exchange.disconnected());
}

}  // namespace berth::doors::rest
