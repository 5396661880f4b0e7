// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>

#include "async/blocking_pool.h"
#include "core/notifier.h"

namespace berth::notifiers::webhook {

// Posts messages, signed, and reads of the answer its status. Lives as long as the server, on the event thread; a
// cancelled delivery ends within a second.
class WebhookNotifier final : public core::Notifier {
 public:
  // For `ca_file` see Request.
  explicit WebhookNotifier(std::string ca_file = {});
  async::Task<core::Receipt> deliver(core::Message message) override;
  std::optional<std::string> fault_of(const std::string& address) const override;

 private:
  std::string ca_file_;
  async::BlockingPool pool_;
};

}  // namespace berth::notifiers::webhook
