// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <boost/describe/class.hpp>
#include <boost/describe/enum.hpp>
#include <cstdint>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/ids.h"
#include "core/launch.h"
#include "core/plan.h"

namespace berth::core {

class Transaction;

// per_connection: each connection has an instance of its own, gone when it ends. token: who shows the same token and
// identifier reaches the same instance again.
enum class ServiceMode { per_connection, token };
BOOST_DESCRIBE_ENUM(ServiceMode, per_connection, token)

// A program in instances that people reach over a socket.
struct Service {
  std::string name;
  std::string image;
  std::string plan;
  Launch launch;
  ServiceMode mode = ServiceMode::per_connection;
  Seconds queue_limit{600};   // of a connection that waits for its instance
  Seconds idle_limit{300};    // without a byte in either direction, or without a connection
  Seconds total_limit{3600};  // of an instance
  std::uint32_t max_instances = 100;
  std::uint32_t least_ready = 2;  // of its pool
  std::uint32_t most_ready = 20;
};

// The plan of its instances: nothing is kept after their time.
Plan plan_of(const Service& service, const Plan& plan);

// Whose its instances are.
AccountId account_of_service(const std::string& name);
// Stores that account when it is not there.
void put_account_of(Transaction& transaction, const std::string& service, TimePoint now);

}  // namespace berth::core
