// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/described.h"
#include "base/error.h"
#include "base/secret.h"
#include "core/access.h"
#include "core/attempt.h"
#include "core/competition.h"
#include "core/event.h"
#include "core/lab.h"
#include "core/launch.h"
#include "core/plan.h"
#include "core/recording_policy.h"
#include "core/service_definition.h"

namespace berth::stores::sql {

enum class Kind { integer, real, text };

// What a database keeps in one column of one row.
struct Value {
  Kind kind = Kind::text;
  bool is_null = false;
  long long integer = 0;
  double real = 0;
  std::string text;
};

[[noreturn]] inline void refuse_stored(std::string_view text) {
  throw Error(ErrorKind::unavailable, "the database holds \"" + std::string(text.substr(0, 100)) +
                                          "\", which this version does not know: install the version that wrote it");
}

std::string scopes_to_text(const core::Scopes& scopes);
core::Scopes scopes_from_text(std::string_view text);

// Nouns within nouns: kept as JSON. What a row from before lacks has its default.
template <class T>
inline constexpr bool is_kept_as_json =
    std::same_as<T, core::Plan> || std::same_as<T, core::Launch> || std::same_as<T, core::RecordingPolicy> ||
    std::same_as<T, core::LabManifest> || std::same_as<T, core::LabFiles> || std::same_as<T, core::AttemptMachines> ||
    std::same_as<T, core::ServiceDefinition> || std::same_as<T, core::CompetitionDefinition> ||
    std::same_as<T, std::vector<std::string>> || std::same_as<T, std::vector<core::EventType>>;

template <class T>
T described_from_text(std::string_view text) {
  try {
    return read_json<T>(parse_json(text), Missing::keeps_default);
  } catch (const Error&) {
    refuse_stored(text);
  }
}

// Which kind a member of a noun is kept as: times in milliseconds since 1970, durations in seconds, enumerators by
// name, nouns within nouns as JSON.
template <class T>
constexpr Kind kind_of() {
  if constexpr (described::IsOptional<T>::value) {
    return kind_of<typename T::value_type>();
  } else if constexpr (std::floating_point<T>) {
    return Kind::real;
  } else if constexpr (std::integral<T> || std::same_as<T, Bytes> || std::same_as<T, Seconds> ||
                       std::same_as<T, TimePoint>) {
    return Kind::integer;
  } else {
    return Kind::text;
  }
}

template <class T>
Value to_value(const T& member) {
  if constexpr (described::IsOptional<T>::value) {
    return member ? to_value(*member) : Value{.kind = kind_of<T>(), .is_null = true};
  } else {
    Value value{.kind = kind_of<T>()};
    if constexpr (std::floating_point<T>) {
      value.real = member;
    } else if constexpr (std::integral<T>) {
      value.integer = static_cast<long long>(member);
    } else if constexpr (std::same_as<T, Bytes>) {
      value.integer = static_cast<long long>(member.count);
    } else if constexpr (std::same_as<T, Seconds>) {
      value.integer = member.count();
    } else if constexpr (std::same_as<T, TimePoint>) {
      value.integer = member.time_since_epoch().count();
    } else if constexpr (described::IsId<T>::value) {
      value.text = member.text();
    } else if constexpr (std::same_as<T, Secret>) {
      value.text = member.reveal();
    } else if constexpr (std::same_as<T, core::Scopes>) {
      value.text = scopes_to_text(member);
    } else if constexpr (is_kept_as_json<T>) {
      value.text = print_json(to_json(member));
    } else if constexpr (boost::describe::has_describe_enumerators<T>::value) {
      value.text = enum_name(member);
    } else {
      value.text = member;
    }
    return value;
  }
}

template <class T>
void from_value(const Value& value, T& member) {
  if constexpr (described::IsOptional<T>::value) {
    member.reset();
    if (!value.is_null) {
      from_value(value, member.emplace());
    }
  } else if constexpr (std::floating_point<T>) {
    member = value.real;
  } else if constexpr (std::integral<T>) {
    member = static_cast<T>(value.integer);
  } else if constexpr (std::same_as<T, Bytes>) {
    member.count = static_cast<std::uint64_t>(value.integer);
  } else if constexpr (std::same_as<T, Seconds>) {
    member = Seconds{value.integer};
  } else if constexpr (std::same_as<T, TimePoint>) {
    member = TimePoint{Milliseconds{value.integer}};
  } else if constexpr (described::IsId<T>::value) {
    member = T(value.text);
  } else if constexpr (std::same_as<T, Secret>) {
    member = Secret(value.text);
  } else if constexpr (std::same_as<T, core::Scopes>) {
    member = scopes_from_text(value.text);
  } else if constexpr (is_kept_as_json<T>) {
    member = described_from_text<T>(value.text);
  } else if constexpr (boost::describe::has_describe_enumerators<T>::value) {
    const auto found = enum_from_name<T>(value.text);
    if (!found) {
      refuse_stored(value.text);
    }
    member = *found;
  } else {
    member = value.text;
  }
}

}  // namespace berth::stores::sql
