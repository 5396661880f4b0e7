// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>

namespace berth {

// What kind of failure it is. Every door has one table from kind to its own reply.
enum class ErrorKind {
  invalid_argument,  // the request is wrong and stays wrong
  unauthenticated,   // nobody we know
  forbidden,         // known, but not allowed
  not_found,         // or not visible to the caller
  conflict,          // the thing is in a state that does not allow it
  too_large,         // a body, file or answer beyond its limit
  exhausted,         // a limit of the plan, the account or the host is reached
  unavailable,       // ours, passing: try again
  timed_out,         // ours or the instance's: no answer within the limit
  instance_fault,    // the instance (hostile or broken) did not keep to the protocol
  internal,          // ours, and a bug
};

std::string_view to_string(ErrorKind kind);

// The one exception of the project. The message is a sentence that is safe to show to whoever asked.
class Error : public std::runtime_error {
 public:
  Error(ErrorKind kind, const std::string& message) : std::runtime_error(message), kind_(kind) {}
  // `field` is the path of the offending input field, for example "limits.memory".
  Error(ErrorKind kind, const std::string& message, std::string field)
      : std::runtime_error(message), kind_(kind), field_(std::move(field)) {}

  ErrorKind kind() const { return kind_; }
  const std::string& field() const { return field_; }

 private:
  ErrorKind kind_;
  std::string field_;
};

// Reads a kind back from its name; an unknown name is `internal`.
ErrorKind error_kind_from(std::string_view name);

}  // namespace berth
