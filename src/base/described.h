// SPDX-License-Identifier: Apache-2.0
#pragma once

// Structs described with BOOST_DESCRIBE_STRUCT, and enums with BOOST_DESCRIBE_ENUM, to and from JSON. An unknown or
// missing key, a wrong type or a number out of range is an Error{invalid_argument} whose field() is the path of the
// key. A member may be left out when the struct's default holds for it: mark those by std::optional, or read with
// Missing::keeps_default.

#include <boost/describe.hpp>
#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/value.hpp>
#include <boost/mp11/algorithm.hpp>
#include <chrono>
#include <concepts>
#include <cstdint>
#include <limits>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "base/bytes.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/ids.h"

namespace berth {

enum class Missing {
  is_an_error,    // every member but optionals must be there
  keeps_default,  // a missing member keeps its default
};

// An enumerator as it is written outside of C++: one whose name would be a keyword has a '_' at its end.
constexpr std::string_view spelled(std::string_view enumerator) {
  return enumerator.ends_with('_') ? enumerator.substr(0, enumerator.size() - 1) : enumerator;
}

template <class E>
  requires boost::describe::has_describe_enumerators<E>::value
std::string_view enum_name(E value) {
  std::string_view name;
  boost::mp11::mp_for_each<boost::describe::describe_enumerators<E>>([&](auto descriptor) {
    if (descriptor.value == value) {
      name = spelled(descriptor.name);
    }
  });
  return name;
}

template <class E>
  requires boost::describe::has_describe_enumerators<E>::value
std::optional<E> enum_from_name(std::string_view name) {
  std::optional<E> found;
  boost::mp11::mp_for_each<boost::describe::describe_enumerators<E>>([&](auto descriptor) {
    if (name == spelled(descriptor.name)) {
      found = descriptor.value;
    }
  });
  return found;
}

// "running, stopped, failed": for error messages.
template <class E>
std::string enum_names() {
  std::string names;
  boost::mp11::mp_for_each<boost::describe::describe_enumerators<E>>(
      [&](auto descriptor) { names += (names.empty() ? "" : ", ") + std::string(spelled(descriptor.name)); });
  return names;
}

namespace described {

template <class T>
struct IsOptional : std::false_type {};
template <class T>
struct IsOptional<std::optional<T>> : std::true_type {};
template <class T>
struct IsVector : std::false_type {};
template <class T>
struct IsVector<std::vector<T>> : std::true_type {};
template <class T>
struct IsStringMap : std::false_type {};
template <class T>
struct IsStringMap<std::map<std::string, T>> : std::true_type {};
template <class T>
struct IsId : std::false_type {};
template <class Tag>
struct IsId<Id<Tag>> : std::true_type {};

[[noreturn]] void refuse(const std::string& path, const std::string& what);
std::string join_path(const std::string& path, std::string_view key);
bool read_bool(const boost::json::value& value, const std::string& path);
std::int64_t read_signed(const boost::json::value& value, const std::string& path, std::int64_t low, std::int64_t high);
std::uint64_t read_unsigned(const boost::json::value& value, const std::string& path, std::uint64_t high);
double read_double(const boost::json::value& value, const std::string& path);
std::string read_string(const boost::json::value& value, const std::string& path);
Seconds read_duration(const boost::json::value& value, const std::string& path);
Bytes read_bytes(const boost::json::value& value, const std::string& path);
TimePoint read_time(const boost::json::value& value, const std::string& path);
const boost::json::object& read_object(const boost::json::value& value, const std::string& path);
const boost::json::array& read_array(const boost::json::value& value, const std::string& path);

}  // namespace described

template <class T>
boost::json::value to_json(const T& value);

template <class T>
void from_json(const boost::json::value& json, T& into, Missing missing = Missing::is_an_error,
               const std::string& path = {});

// Reads a whole T, starting from its defaults.
template <class T>
T read_json(const boost::json::value& json, Missing missing = Missing::is_an_error) {
  T value{};
  from_json(json, value, missing);
  return value;
}

// Parses text; a fault in it is an Error{invalid_argument} that says where. Depth at most 32.
boost::json::value parse_json(std::string_view text);
std::string print_json(const boost::json::value& value);

template <class T>
boost::json::value to_json(const T& value) {
  using namespace described;
  if constexpr (std::same_as<T, boost::json::value>) {
    return value;
  } else if constexpr (IsOptional<T>::value) {
    return value ? to_json(*value) : boost::json::value(nullptr);
  } else if constexpr (IsVector<T>::value) {
    boost::json::array array;
    array.reserve(value.size());
    for (const auto& element : value) {
      array.push_back(to_json(element));
    }
    return array;
  } else if constexpr (IsStringMap<T>::value) {
    boost::json::object object;
    for (const auto& [key, element] : value) {
      object[key] = to_json(element);
    }
    return object;
  } else if constexpr (IsId<T>::value) {
    return boost::json::value(boost::json::string(value.text()));
  } else if constexpr (std::same_as<T, Bytes>) {
    return value.count;
  } else if constexpr (std::same_as<T, Seconds>) {
    return static_cast<std::int64_t>(value.count());
  } else if constexpr (std::same_as<T, TimePoint>) {
    return boost::json::value(boost::json::string(format_time(value)));
  } else if constexpr (boost::describe::has_describe_enumerators<T>::value) {
    return boost::json::value(boost::json::string(enum_name(value)));
  } else if constexpr (boost::describe::has_describe_members<T>::value) {
    boost::json::object object;
    boost::mp11::mp_for_each<boost::describe::describe_members<T, boost::describe::mod_any_access>>(
        [&](auto member) { object[member.name] = to_json(value.*member.pointer); });
    return object;
  } else if constexpr (std::convertible_to<T, std::string_view>) {
    return boost::json::value(boost::json::string(std::string_view(value)));
  } else {
    static_assert(std::is_arithmetic_v<T>, "this type has no JSON form");
    return boost::json::value(value);
  }
}

template <class T>
void from_json(const boost::json::value& json, T& into, Missing missing, const std::string& path) {
  using namespace described;
  if constexpr (std::same_as<T, boost::json::value>) {
    into = json;
  } else if constexpr (IsOptional<T>::value) {
    if (json.is_null()) {
      into.reset();
    } else {
      typename T::value_type value{};
      from_json(json, value, missing, path);
      into = std::move(value);
    }
  } else if constexpr (IsVector<T>::value) {
    into.clear();
    std::size_t index = 0;
    for (const auto& element : read_array(json, path)) {
      typename T::value_type value{};
      from_json(element, value, missing, path + "[" + std::to_string(index++) + "]");
      into.push_back(std::move(value));
    }
  } else if constexpr (IsStringMap<T>::value) {
    into.clear();
    for (const auto& [key, element] : read_object(json, path)) {
      from_json(element, into[std::string(key)], missing, join_path(path, key));
    }
  } else if constexpr (IsId<T>::value) {
    into = T(read_string(json, path));
  } else if constexpr (std::same_as<T, Bytes>) {
    into = read_bytes(json, path);
  } else if constexpr (std::same_as<T, Seconds>) {
    into = read_duration(json, path);
  } else if constexpr (std::same_as<T, TimePoint>) {
    into = read_time(json, path);
  } else if constexpr (std::same_as<T, bool>) {
    into = read_bool(json, path);
  } else if constexpr (std::same_as<T, std::string>) {
    into = read_string(json, path);
  } else if constexpr (std::floating_point<T>) {
    into = static_cast<T>(read_double(json, path));
  } else if constexpr (std::signed_integral<T>) {
    into = static_cast<T>(read_signed(json, path, std::numeric_limits<T>::min(), std::numeric_limits<T>::max()));
  } else if constexpr (std::unsigned_integral<T>) {
    into = static_cast<T>(read_unsigned(json, path, std::numeric_limits<T>::max()));
  } else if constexpr (boost::describe::has_describe_enumerators<T>::value) {
    const auto found = enum_from_name<T>(read_string(json, path));
    if (!found) {
      refuse(path, "is none of " + enum_names<T>());
    }
    into = *found;
  } else {
    static_assert(boost::describe::has_describe_members<T>::value, "this type has no JSON form");
    const boost::json::object& object = read_object(json, path);
    std::size_t known = 0;
    boost::mp11::mp_for_each<boost::describe::describe_members<T, boost::describe::mod_any_access>>([&](auto member) {
      using Member = std::remove_cvref_t<decltype(into.*member.pointer)>;
      if (const boost::json::value* found = object.if_contains(member.name)) {
        from_json(*found, into.*member.pointer, missing, join_path(path, member.name));
        ++known;
      } else if (missing == Missing::is_an_error && !IsOptional<Member>::value) {
        refuse(join_path(path, member.name), "is missing");
      }
    });
    if (known != object.size()) {
      for (const auto& [key, element] : object) {
        bool is_known = false;
        boost::mp11::mp_for_each<boost::describe::describe_members<T, boost::describe::mod_any_access>>(
            [&](auto member) { is_known = is_known || key == member.name; });
        if (!is_known) {
          refuse(join_path(path, key), "is not a known field");
        }
      }
    }
  }
}

}  // namespace berth
