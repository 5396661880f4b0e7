// SPDX-License-Identifier: Apache-2.0
#include "doors/rest/request.h"

#include <charconv>

namespace berth::doors::rest {

http::Response no_content() { return {.status = 204, .content_type = {}, .body = {}, .headers = {}}; }

bool query_flag(const http::Exchange& exchange, std::string_view name) {
  const auto text = exchange.query(name);
  if (!text || *text == "false") {
    return false;
  }
  if (*text != "true") {
    described::refuse(std::string(name), "must be true or false");
  }
  return true;
}

std::uint64_t query_number(const http::Exchange& exchange, std::string_view name, std::uint64_t low, std::uint64_t high,
                           std::uint64_t missing) {
  const auto text = exchange.query(name);
  if (!text) {
    return missing;
  }
  std::uint64_t number = 0;
  const auto [end, fault] = std::from_chars(text->data(), text->data() + text->size(), number);
  if (fault != std::errc{} || end != text->data() + text->size() || number < low || number > high) {
    described::refuse(std::string(name),
                      "must be a whole number from " + std::to_string(low) + " to " + std::to_string(high));
  }
  return number;
}

std::size_t page_limit(const http::Exchange& exchange) { return query_number(exchange, "limit", 1, 200, 50); }

std::string path_parameter(http::Exchange& exchange, const char* name) { return exchange.path_parameters()[name]; }

void require_same_origin(const http::Exchange& exchange) {
  const auto origin = exchange.header("Origin");
  const auto host = exchange.header("Host");
  if (origin && host) {
    const std::size_t scheme = origin->find("://");
    if (scheme != std::string::npos && origin->substr(scheme + 3) == *host) {
      return;
    }
  } else if (!origin && exchange.header("Sec-Fetch-Site") == "same-origin") {
    return;
  }
  throw Error(ErrorKind::forbidden,
              "with a cookie, changes are taken only from our own pages; programs use an API token");
}

bool wants_event_stream(const http::Exchange& exchange) {
  const auto accept = exchange.header("Accept");
  return accept && accept->find("text/event-stream") != std::string::npos;
}

std::optional<Seconds> seconds_of(const std::optional<std::uint32_t>& number, const char* field, std::uint32_t low,
                                  std::uint32_t high) {
  if (!number) {
    return std::nullopt;
  }
  if (*number < low || *number > high) {
    described::refuse(field, "must be from " + std::to_string(low) + " to " + std::to_string(high) + " seconds");
  }
  return Seconds{*number};
}

}  // namespace berth::doors::rest
