// SPDX-License-Identifier: Apache-2.0
#pragma once

// Reading requests and writing answers, shared by the routes. Faults are Error{invalid_argument} with their field.

#include <cstdint>
#include <optional>
#include <string>

#include "base/described.h"
#include "http/exchange.h"

namespace berth::doors::rest {

inline constexpr std::size_t largest_json_body = 1U << 20;

// The body as a described struct.
template <class Form>
async::Task<Form> read_form(http::Exchange& exchange) {
  const std::string text = co_await exchange.read_body(largest_json_body);
  co_return read_json<Form>(parse_json(text));
}

template <class Form>
http::Response json_response(const Form& form, int status = 200) {
  return {.status = status, .content_type = "application/json", .body = print_json(to_json(form)), .headers = {}};
}

http::Response no_content();

bool query_flag(const http::Exchange& exchange, std::string_view name);
std::uint64_t query_number(const http::Exchange& exchange, std::string_view name, std::uint64_t low, std::uint64_t high,
                           std::uint64_t missing);
// One of the described enum's names.
template <class Enum>
Enum query_enum(const http::Exchange& exchange, std::string_view name, Enum missing) {
  const auto text = exchange.query(name);
  if (!text) {
    return missing;
  }
  const auto value = enum_from_name<Enum>(*text);
  if (!value) {
    described::refuse(std::string(name), "is none of " + enum_names<Enum>());
  }
  return *value;
}
// `limit` of a page, 1 to 200.
std::size_t page_limit(const http::Exchange& exchange);
std::string path_parameter(http::Exchange& exchange, const char* name);

// Whether the request came from a page of ours, as far as the browser tells. Throws Error{forbidden} when not.
void require_same_origin(const http::Exchange& exchange);
bool wants_event_stream(const http::Exchange& exchange);

// Seconds that must be from 1 on, if given.
std::optional<Seconds> seconds_of(const std::optional<std::uint32_t>& number, const char* field, std::uint32_t low = 1,
                                  std::uint32_t high = 315'360'000);

}  // namespace berth::doors::rest
