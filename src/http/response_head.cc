// SPDX-License-Identifier: Apache-2.0
#include "http/response_head.h"

#include <algorithm>
#include <array>
#include <cstdio>
#include <ctime>
#include <string_view>
#include <utility>

#include "http/text.h"

namespace berth::http {
namespace {

constexpr std::array<std::pair<int, std::string_view>, 36> reasons = {{
    {200, "OK"},
    {201, "Created"},
    {202, "Accepted"},
    {204, "No Content"},
    {206, "Partial Content"},
    {301, "Moved Permanently"},
    {302, "Found"},
    {303, "See Other"},
    {304, "Not Modified"},
    {307, "Temporary Redirect"},
    {308, "Permanent Redirect"},
    {400, "Bad Request"},
    {401, "Unauthorized"},
    {402, "Payment Required"},
    {403, "Forbidden"},
    {404, "Not Found"},
    {405, "Method Not Allowed"},
    {406, "Not Acceptable"},
    {408, "Request Timeout"},
    {409, "Conflict"},
    {410, "Gone"},
    {412, "Precondition Failed"},
    {413, "Content Too Large"},
    {414, "URI Too Long"},
    {415, "Unsupported Media Type"},
    {417, "Expectation Failed"},
    {422, "Unprocessable Content"},
    {426, "Upgrade Required"},
    {429, "Too Many Requests"},
    {431, "Request Header Fields Too Large"},
    {500, "Internal Server Error"},
    {501, "Not Implemented"},
    {502, "Bad Gateway"},
    {503, "Service Unavailable"},
    {504, "Gateway Timeout"},
    {505, "HTTP Version Not Supported"},
}};

// What every answer says unless the handler says otherwise. An answer that is no page of the console (a downloaded
// file, a message with somebody's text in it) must not run or be framed when a browser is made to open it.
constexpr std::array<std::pair<std::string_view, std::string_view>, 4> defaults = {{
    {"X-Content-Type-Options", "nosniff"},
    {"Referrer-Policy", "no-referrer"},
    {"Cache-Control", "no-store"},
    {"Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"},
}};

constexpr std::array<std::string_view, 7> own = {"Connection",        "Content-Length", "Content-Type", "Date",
                                                 "Transfer-Encoding", "Keep-Alive",     "Trailer"};

std::string_view reason_of(int status) {
  const auto found = std::ranges::find(reasons, status, &std::pair<int, std::string_view>::first);
  return found == reasons.end() ? "Answer" : found->second;
}

// RFC 9110, 5.6.7: "Sun, 06 Nov 1994 08:49:37 GMT".
std::string date() {
  constexpr std::array<const char*, 7> days = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
  constexpr std::array<const char*, 12> months = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                  "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  const std::time_t now = std::time(nullptr);
  std::tm parts{};
  ::gmtime_r(&now, &parts);
  std::array<char, 64> text{};
  const int length =
      std::snprintf(text.data(), text.size(), "%s, %02d %s %04d %02d:%02d:%02d GMT", days[parts.tm_wday], parts.tm_mday,
                    months[parts.tm_mon], parts.tm_year + 1900, parts.tm_hour, parts.tm_min, parts.tm_sec);
  return std::string(text.data(), static_cast<std::size_t>(length));
}

void add(std::string& head, std::string_view name, std::string_view value) {
  if (!is_token(name) || !is_field_value(value)) {
    throw Error(ErrorKind::internal, "a header of the answer is malformed");
  }
  head.append(name).append(": ").append(value).append("\r\n");
}

void add_framing(std::string& head, const Answer& answer) {
  if (answer.framing == Framing::length) {
    add(head, "Content-Length", std::to_string(answer.length));
  } else if (answer.framing == Framing::chunks) {
    add(head, "Transfer-Encoding", "chunked");
  }
  if (!answer.keeps_connection || answer.framing == Framing::close) {
    add(head, "Connection", "close");
  } else if (answer.to_version_1_0) {
    add(head, "Connection", "keep-alive");
  }
}

}  // namespace

std::string print_head(const Response& response, const Answer& answer) {
  if (response.status < 200 || response.status > 599) {
    throw Error(ErrorKind::internal, "the answer has no valid status");
  }
  std::string head = "HTTP/1.1 " + std::to_string(response.status) + " ";
  head.append(reason_of(response.status)).append("\r\n");
  add(head, "Date", date());
  if (!response.content_type.empty() && answer.framing != Framing::none) {
    add(head, "Content-Type", response.content_type);
  }
  const auto is_named = [](std::string_view name) {
    return [name](const auto& header) { return equal_ignoring_case(header.first, name); };
  };
  for (const auto& [name, value] : response.headers) {
    if (std::ranges::any_of(own, [&](std::string_view reserved) { return equal_ignoring_case(reserved, name); })) {
      throw Error(ErrorKind::internal, "a header of the answer is the server's own");
    }
    add(head, name, value);
  }
  for (const auto& [name, value] : defaults) {
    if (std::ranges::none_of(response.headers, is_named(name))) {
      add(head, name, value);
    }
  }
  add_framing(head, answer);
  head += "\r\n";
  return head;
}

std::string print_chunk(std::string piece) {
  if (piece.empty()) {
    return {};
  }
  std::array<char, 20> size{};
  const int length = std::snprintf(size.data(), size.size(), "%zx\r\n", piece.size());
  piece.insert(0, size.data(), static_cast<std::size_t>(length));
  piece += "\r\n";
  return piece;
}

}  // namespace berth::http
