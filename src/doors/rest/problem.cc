// SPDX-License-Identifier: Apache-2.0
#include "doors/rest/problem.h"

#include <map>

#include "base/described.h"

namespace berth::doors::rest {

int status_of(ErrorKind kind) {
  switch (kind) {
    case ErrorKind::invalid_argument:
      return 400;
    case ErrorKind::unauthenticated:
      return 401;
    case ErrorKind::forbidden:
      return 403;
    case ErrorKind::not_found:
      return 404;
    case ErrorKind::conflict:
      return 409;
    case ErrorKind::too_large:
      return 413;
    case ErrorKind::exhausted:
      return 429;
    case ErrorKind::unavailable:
      return 503;
    case ErrorKind::timed_out:
      return 504;
    case ErrorKind::instance_fault:
      return 502;
    case ErrorKind::internal:
      return 500;
  }
  return 500;
}

namespace {

std::string title_of(int status) {
  static const std::map<int, std::string> titles = {
      {400, "Bad Request"},
      {401, "Unauthorized"},
      {403, "Forbidden"},
      {404, "Not Found"},
      {405, "Method Not Allowed"},
      {408, "Request Timeout"},
      {409, "Conflict"},
      {413, "Content Too Large"},
      {414, "URI Too Long"},
      {415, "Unsupported Media Type"},
      {417, "Expectation Failed"},
      {426, "Upgrade Required"},
      {429, "Too Many Requests"},
      {431, "Request Header Fields Too Large"},
      {500, "Internal Server Error"},
      {501, "Not Implemented"},
      {502, "Bad Gateway"},
      {503, "Service Unavailable"},
      {504, "Gateway Timeout"},
      {505, "HTTP Version Not Supported"},
  };
  const auto found = titles.find(status);
  return found == titles.end() ? "Error" : found->second;
}

}  // namespace

std::string problem_text(const Error& error, std::optional<int> status) {
  const int shown = status.value_or(status_of(error.kind()));
  boost::json::object body{{"type", "about:blank"},
                           {"title", title_of(shown)},
                           {"status", shown},
                           {"detail", error.what()},
                           {"kind", std::string(to_string(error.kind()))}};
  if (!error.field().empty()) {
    body["field"] = error.field();
  }
  return print_json(body);
}

http::Response problem(const Error& error, std::optional<int> status) {
  http::Response response{.status = status.value_or(status_of(error.kind())),
                          .content_type = "application/problem+json",
                          .body = problem_text(error, status),
                          .headers = {}};
  if (response.status == 401) {
    response.headers.emplace_back("WWW-Authenticate", "Bearer");
  }
  if (response.status == 429 || response.status == 503) {
    response.headers.emplace_back("Retry-After", "2");
  }
  return response;
}

}  // namespace berth::doors::rest
