// SPDX-License-Identifier: Apache-2.0
#include "base/described.h"

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>

namespace berth {
namespace described {

void refuse(const std::string& path, const std::string& what) {
  const std::string shown = path.empty() ? "the body" : "'" + path + "'";
  throw Error(ErrorKind::invalid_argument, shown + " " + what, path);
}

std::string join_path(const std::string& path, std::string_view key) {
  // A key from outside can be of any length; its path in an error message need not be.
  const std::string shown(key.substr(0, 64));
  return path.empty() ? shown : path + "." + shown;
}

bool read_bool(const boost::json::value& value, const std::string& path) {
  if (!value.is_bool()) {
    refuse(path, "must be true or false");
  }
  return value.get_bool();
}

std::int64_t read_signed(const boost::json::value& value, const std::string& path, std::int64_t low,
                         std::int64_t high) {
  if (!value.is_int64()) {
    refuse(path, "must be a whole number");
  }
  if (value.get_int64() < low || value.get_int64() > high) {
    refuse(path, "must be from " + std::to_string(low) + " to " + std::to_string(high));
  }
  return value.get_int64();
}

std::uint64_t read_unsigned(const boost::json::value& value, const std::string& path, std::uint64_t high) {
  if (!value.is_int64() && !value.is_uint64()) {
    refuse(path, "must be a whole number");
  }
  if (value.is_int64() && value.get_int64() < 0) {
    refuse(path, "must not be negative");
  }
  const std::uint64_t number = value.is_uint64() ? value.get_uint64() : static_cast<std::uint64_t>(value.get_int64());
  if (number > high) {
    refuse(path, "must be at most " + std::to_string(high));
  }
  return number;
}

double read_double(const boost::json::value& value, const std::string& path) {
  if (!value.is_number()) {
    refuse(path, "must be a number");
  }
  return value.to_number<double>();
}

std::string read_string(const boost::json::value& value, const std::string& path) {
  if (!value.is_string()) {
    refuse(path, "must be a string");
  }
  return std::string(value.get_string());
}

namespace {

// Config files may write units ("5m", "512MiB"); the wire has bare numbers. One reader takes both.
template <class T, class Parse>
T read_quantity(const boost::json::value& value, const std::string& path, Parse parse) {
  const std::string text = value.is_string()
                               ? std::string(value.get_string())
                               : std::to_string(read_unsigned(value, path, std::numeric_limits<std::int64_t>::max()));
  try {
    return parse(text);
  } catch (const Error& error) {
    throw Error(error.kind(), "'" + path + "': " + error.what(), path);
  }
}

}  // namespace

Seconds read_duration(const boost::json::value& value, const std::string& path) {
  return read_quantity<Seconds>(value, path, parse_duration);
}

Bytes read_bytes(const boost::json::value& value, const std::string& path) {
  return read_quantity<Bytes>(value, path, parse_bytes);
}

TimePoint read_time(const boost::json::value& value, const std::string& path) {
  try {
    return parse_time(read_string(value, path));
  } catch (const Error& error) {
    throw Error(error.kind(), "'" + path + "': " + error.what(), path);
  }
}

const boost::json::object& read_object(const boost::json::value& value, const std::string& path) {
  if (!value.is_object()) {
    refuse(path, "must be an object");
  }
  return value.get_object();
}

const boost::json::array& read_array(const boost::json::value& value, const std::string& path) {
  if (!value.is_array()) {
    refuse(path, "must be a list");
  }
  return value.get_array();
}

}  // namespace described

boost::json::value parse_json(std::string_view text) {
  boost::system::error_code fault;
  boost::json::value value = boost::json::parse(boost::json::string_view(text.data(), text.size()), fault);
  if (fault) {
    throw Error(ErrorKind::invalid_argument, "not valid JSON: " + fault.message());
  }
  return value;
}

std::string print_json(const boost::json::value& value) { return boost::json::serialize(value); }

}  // namespace berth
