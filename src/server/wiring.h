// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "async/task.h"
#include "core/store.h"
#include "server/config.h"

namespace berth::server {

using Log = std::function<void(const std::string&)>;

// The store the configuration names. Blocks; throws Error with a sentence for the operator.
std::unique_ptr<core::Store> open_store(const Config& config, const async::Executor& executor);

// berthd: all concrete classes, put together. Lives in main; serve() runs until cancelled and leaves instances running.
class Wiring {
 public:
  Wiring(async::Executor executor, Config config, Log log);
  ~Wiring();
  // Opens the store and binds the port. Throws Error with a sentence for the operator.
  async::Task<> open();
  // After open().
  std::string url() const;
  async::Task<> serve();

 private:
  class Parts;
  std::unique_ptr<Parts> parts_;
};

// Prints a one-time login link of the administrator, from the database alone.
async::Task<> print_login_link(async::Executor executor, Config config);

}  // namespace berth::server
