// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <vector>

#include "async/blocking_pool.h"
#include "async/task.h"
#include "base/clock.h"
#include "doors/tcp/certificates.h"

namespace berth::doors::tcp {

// Looks now and then whether the files of certificates have changed, on a thread of its own, and takes what is whole.
// What is not leaves the old one in use, and is looked at again. Lives on the thread of the certificates.
class Renewals {
 public:
  using Log = std::function<void(const std::string&)>;

  Renewals(Certificates& certificates, Milliseconds pause, Log log);
  // Until cancelled.
  async::Task<> follow();

 private:
  async::Task<> look_at(std::size_t number);
  void take(std::size_t number, CertificatePair pair);

  Certificates& certificates_;
  Milliseconds pause_;
  Log log_;
  std::vector<std::string> faults_;  // of each pair, when it was looked at last
  async::BlockingPool pool_{1};
};

}  // namespace berth::doors::tcp
