// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <optional>
#include <string>

#include "base/secret.h"

namespace berth::notifiers::webhook {

// One POST of JSON. It blocks, follows no redirect, uses no proxy, and takes answers up to a bound.
struct Request {
  std::string url;
  Secret secret;  // shown as bearer
  std::string body;
  std::chrono::steady_clock::time_point deadline;
};

struct Answer {
  long status = 0;
  std::string body;
};

// Throws Error{unavailable}, whose message has nothing of the body, when there is no whole answer by the deadline.
Answer post(const Request& request);

// Why such an address cannot be used: only https, and http to loopback, keep what is sent to themselves.
std::optional<std::string> fault_of_url(const std::string& url);

}  // namespace berth::notifiers::webhook
