// SPDX-License-Identifier: Apache-2.0
#include "cli/api_client.h"

#include <limits>
#include <sstream>

#include "base/described.h"
#include "cli/text.h"

namespace berth::cli {
namespace {

constexpr std::size_t longest_answer = 32 * 1024 * 1024;
constexpr std::size_t longest_problem = 64 * 1024;
constexpr std::size_t longest_detail = 1000;

ErrorKind kind_of_status(unsigned status) {
  switch (status) {
    case 401:
      return ErrorKind::unauthenticated;
    case 403:
      return ErrorKind::forbidden;
    case 404:
      return ErrorKind::not_found;
    case 409:
      return ErrorKind::conflict;
    case 413:
      return ErrorKind::too_large;
    case 429:
      return ErrorKind::exhausted;
    case 504:
      return ErrorKind::timed_out;
    default:
      return status >= 500 ? ErrorKind::unavailable : ErrorKind::invalid_argument;
  }
}

const boost::json::value* find(const boost::json::value& object, std::string_view key) {
  return object.is_object() ? object.get_object().if_contains({key.data(), key.size()}) : nullptr;
}

}  // namespace

std::string path_of(std::string_view collection, std::string_view id, std::string_view rest) {
  return std::string(collection) + "/" + encode_component(id) + std::string(rest);
}

std::string text_of(const boost::json::value& object, std::string_view key) {
  const auto* value = find(object, key);
  return value != nullptr && value->is_string() ? std::string(value->get_string()) : std::string();
}

std::optional<std::int64_t> number_of(const boost::json::value& object, std::string_view key) {
  const auto* value = find(object, key);
  if (value == nullptr || (!value->is_int64() && !value->is_uint64())) {
    return std::nullopt;
  }
  boost::system::error_code out_of_range;
  const auto number = value->to_number<std::int64_t>(out_of_range);
  return out_of_range ? std::nullopt : std::optional(number);
}

const boost::json::array& items_of(const boost::json::value& page) {
  static const boost::json::array none;
  const auto* items = find(page, "items");
  return items != nullptr && items->is_array() ? items->get_array() : none;
}

Error error_of(unsigned status, std::string_view reason, std::string_view content_type, std::string_view body,
               const std::string& url) {
  if (content_type.starts_with("application/problem+json")) {
    try {
      const auto problem = parse_json(body);
      const std::string detail = printable(text_of(problem, "detail")).substr(0, longest_detail);
      const std::string kind = text_of(problem, "kind");
      if (!detail.empty()) {
        return {kind.empty() ? kind_of_status(status) : error_kind_from(kind), detail, text_of(problem, "field")};
      }
    } catch (const Error&) {
      // A problem that cannot be read says no more than its status.
    }
  }
  return {kind_of_status(status), "the server at " + url + " answered " + std::to_string(status) + " " +
                                      printable(reason).substr(0, 80) + "; look whether this URL is Berth's"};
}

HttpRequest ApiClient::request_of(std::string_view method, const std::string& path, const CallOptions& options) const {
  HttpRequest request;
  request.method = std::string(method);
  request.target = "/api/v1" + path;
  for (char separator = '?'; const auto& [name, value] : options.query) {
    request.target += separator + name + "=" + encode_component(value);
    separator = '&';
  }
  request.headers = options.headers;
  request.headers.emplace_back("Accept", "application/json, application/problem+json");
  request.answer_limit = options.limit;
  if (options.signed_in) {
    const std::string& token = access_.token.reveal();
    if (token.empty()) {
      throw Error(ErrorKind::unauthenticated, "you are not signed in at " + access_.endpoint.url() +
                                                  "; run 'berth login' with a login link, or set BERTH_TOKEN");
    }
    if (token.find_first_of("\r\n") != std::string::npos) {
      throw Error(ErrorKind::invalid_argument, "the token has a line break in it; set BERTH_TOKEN to the token alone");
    }
    request.headers.emplace_back("Authorization", "Bearer " + token);
  }
  return request;
}

std::string ApiClient::read_text(std::size_t longest) {
  std::string text;
  std::string piece(64 * 1024, '\0');
  while (const std::size_t count = http_.read_some(piece.data(), piece.size())) {
    if (text.size() + count > longest) {
      http_.close();
      throw Error(ErrorKind::too_large, "the answer of " + access_.endpoint.url() + " is too long to be Berth's");
    }
    text.append(piece, 0, count);
  }
  return text;
}

void ApiClient::fail(const HttpAnswer& answer) {
  const std::string url = access_.endpoint.url();
  if (answer.status < 400) {
    http_.close();
    throw Error(ErrorKind::invalid_argument, "the server at " + url + " sends us on to '" +
                                                 printable(answer.location).substr(0, 200) +
                                                 "'; sign in there, or set BERTH_URL to it");
  }
  const std::string body = read_text(longest_problem);
  const Error error = error_of(answer.status, answer.reason, answer.content_type, body, url);
  if (error.kind() == ErrorKind::unauthenticated && !access_.token.reveal().empty()) {
    throw Error(error.kind(), std::string(error.what()) + "; sign in again with 'berth login'");
  }
  throw error;
}

boost::json::value ApiClient::read_answer(const HttpAnswer& answer) {
  if (answer.status < 200 || answer.status > 299) {
    fail(answer);
  }
  const std::string text = read_text(longest_answer);
  if (text.empty()) {
    return nullptr;
  }
  try {
    return parse_json(text);
  } catch (const Error&) {
    throw Error(ErrorKind::unavailable,
                "the answer of " + access_.endpoint.url() + " is not JSON; look whether this URL is Berth's");
  }
}

boost::json::value ApiClient::call(std::string_view method, const std::string& path,
                                   const std::optional<boost::json::value>& body, const CallOptions& options) {
  HttpRequest request = request_of(method, path, options);
  if (body) {
    request.headers.emplace_back("Content-Type", "application/json");
    request.body = print_json(*body);
  }
  return read_answer(http_.exchange(request));
}

std::vector<boost::json::value> ApiClient::lines(std::string_view method, const std::string& path,
                                                 boost::json::value body, const CallOptions& options) {
  HttpRequest request = request_of(method, path, options);
  request.headers.emplace_back("Content-Type", "application/json");
  request.body = print_json(body);
  const HttpAnswer answer = http_.exchange(request);
  if (answer.status != 200) {
    fail(answer);
  }
  std::vector<boost::json::value> lines;
  std::istringstream text(read_text(longest_answer));
  for (std::string line; std::getline(text, line);) {
    lines.push_back(parse_json(line));
  }
  return lines;
}

boost::json::value ApiClient::get(const std::string& path, const CallOptions& options) {
  return call("GET", path, std::nullopt, options);
}

boost::json::object ApiClient::list(const std::string& path, CallOptions options) {
  constexpr std::size_t most_pages = 10'000;
  boost::json::array items;
  options.query.emplace_back("limit", "200");
  const auto first_query = options.query;
  std::string cursor;
  for (std::size_t page_number = 0; page_number < most_pages; ++page_number) {
    options.query = first_query;
    if (!cursor.empty()) {
      options.query.emplace_back("cursor", cursor);
    }
    const auto page = get(path, options);
    items.insert(items.end(), items_of(page).begin(), items_of(page).end());
    cursor = text_of(page, "next_cursor");
    if (cursor.empty()) {
      break;
    }
  }
  return {{"items", std::move(items)}, {"next_cursor", nullptr}};
}

HttpAnswer ApiClient::open(const std::string& path, const std::string& accept, const CallOptions& options) {
  HttpRequest request = request_of("GET", path, options);
  for (auto& [name, value] : request.headers) {
    if (name == "Accept") {
      value = accept + ", application/problem+json";
    }
  }
  auto answer = http_.exchange(request);
  if (answer.status != 200) {
    fail(answer);
  }
  return answer;
}

std::size_t ApiClient::read_some(char* into, std::size_t size, std::optional<Milliseconds> limit) {
  return http_.read_some(into, size, limit);
}

boost::json::value ApiClient::upload(const std::string& path, const std::string& content_type, BodySource source,
                                     std::optional<std::uint64_t> length, const CallOptions& options) {
  HttpRequest request = request_of("PUT", path, options);
  request.headers.emplace_back("Content-Type", content_type);
  request.source = std::move(source);
  request.source_length = length;
  return read_answer(http_.exchange(request));
}

}  // namespace berth::cli
