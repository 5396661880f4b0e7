// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "async/blocking_pool.h"
#include "async/task_group.h"
#include "async/trigger.h"
#include "base/clock.h"
#include "base/secret.h"
#include "core/service_tokens.h"

namespace berth::notifiers::webhook {

struct Settings {
  std::string service;
  std::string url;  // without fault_of_url()
  Secret secret;
  std::string ca_file = {};  // see Request
};

// Asks a program of the operator's who has a token. What is known is asked again after 30 seconds; a connection more
// with a token that is being asked for waits for that answer. Lives as long as the server, on the event thread; a
// cancelled question is still answered, within 5 seconds, in `tasks`.
class WebhookTokens final : public core::ServiceTokens {
 public:
  using Log = std::function<void(const std::string&)>;

  WebhookTokens(Settings settings, const Clock& clock, async::TaskGroup& tasks, Log log);
  async::Task<std::optional<std::string>> holder_of(std::string token) override;

 private:
  struct Question;
  struct Known {
    std::string holder;
    TimePoint since;
  };

  const std::string* find_known(const std::string& hash);
  void remember(const std::string& hash, const std::string& holder);
  async::Task<> ask(std::shared_ptr<Question> question, std::string token);
  void note_fault(const std::string& what);

  Settings settings_;
  const Clock& clock_;
  async::TaskGroup& tasks_;
  Log log_;
  std::map<std::string, Known> known_;                          // by the token's hash
  std::map<std::string, std::shared_ptr<Question>> questions_;  // shared: with who waits and the task that asks
  bool told_ = false;                                           // that it does not answer
  async::BlockingPool pool_;
};

}  // namespace berth::notifiers::webhook
