// SPDX-License-Identifier: Apache-2.0
#include "stores/sql/location.h"

#include <libpq-fe.h>

#include <boost/url/encode.hpp>
#include <boost/url/pct_string_view.hpp>
#include <boost/url/rfc/pchars.hpp>
#include <boost/url/rfc/unreserved_chars.hpp>
#include <map>
#include <string_view>

#include "base/error.h"

namespace berth::stores::sql {
namespace {

constexpr std::string_view sqlite_scheme = "sqlite://";

using Options = std::map<std::string, std::string>;

[[noreturn]] void refuse(const std::string& field, const std::string& what) {
  throw Error(ErrorKind::invalid_argument, field + " " + what, field);
}

// libpq's own reading of the URL, so that everything its manual says about URLs holds.
Options read_postgresql(const std::string& url) {
  char* reason = nullptr;
  PQconninfoOption* parsed = PQconninfoParse(url.c_str(), &reason);
  PQfreemem(reason);  // it may repeat the URL and, with it, a password
  if (parsed == nullptr) {
    refuse("url", "is no PostgreSQL URL such as postgresql://user@host/database");
  }
  Options options;
  for (const PQconninfoOption* option = parsed; option->keyword != nullptr; ++option) {
    if (option->val != nullptr) {
      options[option->keyword] = option->val;
    }
  }
  PQconninfoFree(parsed);
  if (options.contains("password")) {
    refuse("url", "must not contain a password: put it into a file and name that in password_file");
  }
  return options;
}

// Nothing but options, every one encoded: SOCI takes connection strings apart at spaces and quotes.
std::string postgresql_url(const Options& options) {
  std::string url = "postgresql:///";
  char separator = '?';
  for (const auto& [name, value] : options) {
    url += separator + name + "=" + boost::urls::encode(value, boost::urls::unreserved_chars);
    separator = '&';
  }
  return url;
}

std::string sqlite_file(const std::string& url) {
  const std::string_view encoded = std::string_view(url).substr(sqlite_scheme.size());
  const auto path = boost::urls::make_pct_string_view(encoded);
  if (path.has_error() || !encoded.starts_with('/') || encoded.find_first_of("?#") != std::string_view::npos) {
    refuse("url", "must name a file by its whole path, such as sqlite:///var/lib/berth/berth.sqlite");
  }
  std::string file = path->decode();
  if (file.find_first_of(std::string_view("\"\n\0", 3)) != std::string::npos) {
    refuse("url", "must not contain a quotation mark, line feed or zero character");
  }
  return file;
}

bool is_postgresql(const std::string& url) {
  return url.starts_with("postgresql://") || url.starts_with("postgres://");
}

// Lost hosts are noticed in seconds, not in TCP's quarter of an hour.
const Options defaults = {{"application_name", "berth"}, {"client_encoding", "UTF8"},  {"connect_timeout", "5"},
                          {"keepalives_idle", "10"},     {"keepalives_interval", "5"}, {"keepalives_count", "3"},
                          {"tcp_user_timeout", "15000"}};

Location locate_without_password(const Settings& settings, Options& options) {
  Location location;
  if (settings.lock_wait < Seconds{0} || settings.lock_wait > Seconds{3600}) {
    refuse("lock_wait", "must be between 0s and 1h");
  }
  location.lock_wait = settings.lock_wait;
  if (settings.url.starts_with(sqlite_scheme)) {
    location.dialect = Dialect::sqlite;
    location.file = sqlite_file(settings.url);
    if (!settings.password_file.empty()) {
      refuse("password_file", "is only for PostgreSQL");
    }
  } else if (is_postgresql(settings.url)) {
    location.dialect = Dialect::postgresql;
    options = read_postgresql(settings.url);
    options.insert(defaults.begin(), defaults.end());
  } else {
    refuse("url", "must begin with sqlite:/// or postgresql://");
  }
  return location;
}

}  // namespace

std::string sqlite_url(const std::filesystem::path& file) {
  return std::string(sqlite_scheme) + boost::urls::encode(file.string(), boost::urls::unreserved_chars + '/');
}

std::vector<std::string> faults_of(const Settings& settings) {
  std::vector<std::string> faults;
  for (const bool with_url : {true, false}) {  // each fault hides the next ones
    Settings part = settings;
    if (with_url) {
      part.lock_wait = Settings{}.lock_wait;
    } else {
      part.url = sqlite_url("/none");
      part.password_file.clear();
    }
    try {
      Options options;
      locate_without_password(part, options);
    } catch (const Error& error) {
      faults.emplace_back(error.what());
    }
  }
  return faults;
}

Location locate(const Settings& settings) {
  Options options;
  Location location = locate_without_password(settings, options);
  if (location.dialect == Dialect::postgresql) {
    if (!settings.password_file.empty()) {
      options["password"] = read_secret_file(settings.password_file).reveal();
    }
    location.connection = Secret(postgresql_url(options));
  }
  return location;
}

}  // namespace berth::stores::sql
