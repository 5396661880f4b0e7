// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>

#include "base/error.h"
#include "http/exchange.h"

namespace berth::doors::rest {

// The HTTP status of a failure's kind.
int status_of(ErrorKind kind);

// An RFC 9457 problem+json object of a failure, and the whole answer. `status` overrides the kind's.
std::string problem_text(const Error& error, std::optional<int> status = {});
http::Response problem(const Error& error, std::optional<int> status = {});

}  // namespace berth::doors::rest
