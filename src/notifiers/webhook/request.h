// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/secret.h"

namespace berth::notifiers::webhook {

// One POST of JSON. It blocks, follows no redirect, uses no proxy, and takes answers up to a bound.
struct Request {
  std::string url;
  std::vector<Secret> headers;  // lines; one of them may tell a secret
  std::string body;
  std::string ca_file;  // certificates of authorities to be trusted besides the system's; read each time; empty: none
  std::chrono::steady_clock::time_point deadline;
  std::shared_ptr<std::atomic<bool>> stopped = {};  // shared with who stops it from another thread, within a second
};

struct Answer {
  long status = 0;
  std::string body;
};

// Throws Error{unavailable}, whose message has nothing of the body, when there is no whole answer by the deadline.
Answer post(const Request& request);

// Why such an address cannot be used: only https, and http to loopback, keep what is sent to themselves.
std::optional<std::string> fault_of_url(const std::string& url);

// Why a ca_file cannot be used.
std::optional<std::string> fault_of_authorities(const std::string& file);

}  // namespace berth::notifiers::webhook
