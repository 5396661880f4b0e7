// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/value.hpp>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/error.h"
#include "cli/config.h"
#include "cli/http_client.h"

namespace berth::cli {

// What goes with a request besides its path.
struct CallOptions {
  std::vector<std::pair<std::string, std::string>> query;
  std::vector<std::pair<std::string, std::string>> headers;
  Milliseconds limit = Seconds{30};
  bool signed_in = true;  // false: for what needs no token
};

// The REST interface of one server: adds /api/v1 and the token, and turns problem+json into Error. Blocking.
class ApiClient {
 public:
  explicit ApiClient(Access access) : access_(std::move(access)), http_(access_.endpoint) {}

  const Access& access() const { return access_; }

  // JSON to and from. An answer without a body is null.
  boost::json::value call(std::string_view method, const std::string& path,
                          const std::optional<boost::json::value>& body = std::nullopt,
                          const CallOptions& options = {});
  // The same of an answer with a JSON object on each line.
  std::vector<boost::json::value> lines(std::string_view method, const std::string& path, boost::json::value body,
                                        const CallOptions& options = {});
  boost::json::value get(const std::string& path, const CallOptions& options = {});
  // All pages of a list as one, in the shape of a page.
  boost::json::object list(const std::string& path, CallOptions options = {});

  // Opens an answer that is read with read_some. `accept` is the media type to ask for.
  HttpAnswer open(const std::string& path, const std::string& accept, const CallOptions& options = {});
  std::size_t read_some(char* into, std::size_t size, std::optional<Milliseconds> limit = Seconds{60});
  // Leaves an opened answer before its end.
  void close() { http_.close(); }
  // Sends a body as it is made. `length` if it is known.
  boost::json::value upload(const std::string& path, const std::string& content_type, BodySource source,
                            std::optional<std::uint64_t> length, const CallOptions& options = {});

 private:
  HttpRequest request_of(std::string_view method, const std::string& path, const CallOptions& options) const;
  std::string read_text(std::size_t longest);
  boost::json::value read_answer(const HttpAnswer& answer);
  [[noreturn]] void fail(const HttpAnswer& answer);

  Access access_;
  HttpClient http_;
};

// "/instances/x", "/images/x": a path with one encoded segment at its end.
std::string path_of(std::string_view collection, std::string_view id, std::string_view rest = {});

// The error that an answer stands for, from its problem+json or else its status. `url` names the server.
Error error_of(unsigned status, std::string_view reason, std::string_view content_type, std::string_view body,
               const std::string& url);

// Fields of answers. A field that is missing or of another type is empty: servers of other versions are no failure.
std::string text_of(const boost::json::value& object, std::string_view key);
std::optional<std::int64_t> number_of(const boost::json::value& object, std::string_view key);
const boost::json::array& items_of(const boost::json::value& page);

}  // namespace berth::cli
