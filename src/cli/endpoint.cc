// SPDX-License-Identifier: Apache-2.0
#include "cli/endpoint.h"

#include <boost/url/parse.hpp>
#include <boost/url/url_view.hpp>

#include "base/error.h"

namespace berth::cli {
namespace {

constexpr std::size_t longest_url = 2048;

boost::urls::url_view parse_url(std::string_view text) {
  const auto parsed = boost::urls::parse_uri({text.data(), text.size()});
  if (text.size() > longest_url || !parsed || !parsed->has_authority() || parsed->host().empty() ||
      (parsed->scheme() != "http" && parsed->scheme() != "https") || parsed->has_userinfo()) {
    throw Error(ErrorKind::invalid_argument, "'" + std::string(text.substr(0, 80)) +
                                                 "' is not the URL of a server; write for example " +
                                                 std::string(default_url));
  }
  return *parsed;
}

std::string without_slash(std::string path) {
  while (path.ends_with('/')) {
    path.pop_back();
  }
  return path;
}

Endpoint endpoint_of(const boost::urls::url_view& url) {
  Endpoint endpoint;
  endpoint.tls = url.scheme() == "https";
  endpoint.host = url.host_address();
  endpoint.port = url.has_port() && !url.port().empty() ? std::string(url.port()) : (endpoint.tls ? "443" : "80");
  endpoint.base_path = without_slash(std::string(std::string_view(url.encoded_path())));
  return endpoint;
}

}  // namespace

std::string Endpoint::authority() const {
  const std::string shown = host.find(':') == std::string::npos ? host : "[" + host + "]";
  return port == (tls ? "443" : "80") ? shown : shown + ":" + port;
}

std::string Endpoint::url() const { return (tls ? "https://" : "http://") + authority() + base_path; }

bool Endpoint::is_loopback() const { return host == "localhost" || host == "::1" || host.starts_with("127."); }

Endpoint parse_endpoint(std::string_view url) {
  const auto parsed = parse_url(url);
  if (parsed.has_query() || parsed.has_fragment()) {
    throw Error(ErrorKind::invalid_argument,
                "the URL of a server ends before '?' and '#'; give a login link to 'berth login'");
  }
  return endpoint_of(parsed);
}

LoginLink parse_login_link(std::string_view text) {
  if (text.find("://") == std::string_view::npos) {
    if (text.empty() || text.size() > 128 || text.find_first_of(" \t\r\n/#") != std::string_view::npos) {
      throw Error(ErrorKind::invalid_argument, "this is neither a login link, nor its code, nor the URL of a server");
    }
    return {.url = {}, .code = std::string(text)};
  }
  const auto parsed = parse_url(text);
  if (!parsed.has_fragment()) {
    return {.url = parse_endpoint(text).url(), .code = {}};
  }
  const std::string fragment = parsed.fragment();
  constexpr std::string_view key = "code=";
  if (!fragment.starts_with(key) || fragment.size() == key.size()) {
    throw Error(ErrorKind::invalid_argument, "the login link is not whole: its code comes after '#code='");
  }
  // The link names a page of the console; the API is at the root of the same server.
  Endpoint endpoint = endpoint_of(parsed);
  endpoint.base_path.clear();
  return {.url = endpoint.url(), .code = fragment.substr(key.size())};
}

std::string encode_component(std::string_view text) {
  constexpr std::string_view digits = "0123456789ABCDEF";
  std::string encoded;
  for (const char character : text) {
    const auto byte = static_cast<unsigned char>(character);
    const bool unreserved = (byte >= '0' && byte <= '9') || (byte >= 'A' && byte <= 'Z') ||
                            (byte >= 'a' && byte <= 'z') || byte == '-' || byte == '.' || byte == '_' || byte == '~';
    if (unreserved) {
      encoded += character;
    } else {
      encoded += {'%', digits[byte >> 4], digits[byte & 15]};
    }
  }
  return encoded;
}

}  // namespace berth::cli
