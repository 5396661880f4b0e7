// SPDX-License-Identifier: Apache-2.0
#include "http/router.h"

#include <algorithm>
#include <cstddef>
#include <cstdlib>
#include <optional>

#include "http/text.h"

namespace berth::http {
namespace {

std::vector<std::string_view> split(std::string_view path) {
  std::vector<std::string_view> segments;
  std::optional<std::string_view> rest = path.substr(1);
  while (const auto segment = next_part(rest, '/')) {
    segments.push_back(*segment);
  }
  return segments;
}

bool is_parameter(std::string_view segment) { return segment.starts_with('{'); }

bool matches(const std::vector<std::string>& pattern, const std::vector<std::string_view>& segments) {
  return std::ranges::equal(pattern, segments, [](const std::string& expected, std::string_view segment) {
    return is_parameter(expected) ? !segment.empty() : expected == segment;
  });
}

// Whether the literal segments of `left` come earlier.
bool is_closer(const std::vector<std::string>& left, const std::vector<std::string>& right) {
  return std::ranges::lexicographical_compare(left, right, {}, is_parameter, is_parameter);
}

}  // namespace

void Router::add(Method method, std::string_view pattern, Handler handler) {
  if (!pattern.starts_with('/')) {
    std::abort();
  }
  Route route;
  for (const std::string_view segment : split(pattern)) {
    if (is_parameter(segment) && (segment.size() < 3 || !segment.ends_with('}'))) {
      std::abort();
    }
    route.segments.emplace_back(segment);
  }
  auto place = std::ranges::find(routes_, route.segments, &Route::segments);
  if (place == routes_.end()) {
    place = routes_.insert(routes_.end(), std::move(route));
  }
  if (!place->handlers.emplace(method, std::move(handler)).second) {
    std::abort();
  }
}

void Router::add_fallback(Handler handler) { fallback_ = std::move(handler); }

const Handler* Router::Route::find(Method method) const {
  auto found = handlers.find(method);
  if (found == handlers.end() && method == Method::head) {
    found = handlers.find(Method::get);
  }
  return found == handlers.end() ? nullptr : &found->second;
}

Router::Match Router::match(Method method, const std::vector<std::string_view>& segments) const {
  Match best;
  for (const Route& route : routes_) {
    if (!matches(route.segments, segments)) {
      continue;
    }
    for (const auto& [allowed, handler] : route.handlers) {
      best.allowed.insert(allowed);
    }
    const Handler* handler = route.find(method);
    if (handler && (!best.handler || is_closer(route.segments, best.route->segments))) {
      best.route = &route;
      best.handler = handler;
    }
  }
  return best;
}

async::Task<> Router::route(Exchange& exchange) const {
  const std::string& path = exchange.path();
  const Method method = exchange.method();
  Match found;
  if (path.starts_with('/')) {
    const std::vector<std::string_view> segments = split(path);
    found = match(method, segments);
    for (std::size_t index = 0; found.route && index < segments.size(); ++index) {
      const std::string& expected = found.route->segments[index];
      if (is_parameter(expected)) {
        exchange.path_parameters()[expected.substr(1, expected.size() - 2)] = segments[index];
      }
    }
  }
  if (!found.handler && !found.allowed.empty()) {
    refuse_method(std::move(found.allowed));
  }
  const bool reads = method == Method::get || method == Method::head;
  if (!found.handler && fallback_ && reads) {
    found.handler = &fallback_;
  }
  if (!found.handler) {
    throw Error(ErrorKind::not_found, "nothing is served at this address");
  }
  co_await (*found.handler)(exchange);
}

void Router::refuse_method(std::set<Method> allowed) {
  if (allowed.contains(Method::get)) {
    allowed.insert(Method::head);
  }
  std::string names;
  for (const Method method : allowed) {
    names += (names.empty() ? "" : ", ") + std::string(to_string(method));
  }
  throw StatusError(405, ErrorKind::invalid_argument, "this address answers only to " + names, {{"Allow", names}});
}

}  // namespace berth::http
