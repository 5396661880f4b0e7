// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "async/task.h"
#include "base/secret.h"
#include "core/event.h"

namespace berth::core {

// An event on its way out.
struct Message {
  std::string id;               // the same whenever it is sent again
  Event event;                  // sequence 0: a test
  TimePoint sent_at;            // this time
  std::string address;          // one without fault_of()
  std::vector<Secret> secrets;  // each signs it
};

enum class Outcome {
  taken,
  failed,    // may be sent again
  unwanted,  // nobody there wants any message any more
};

struct Receipt {
  Outcome outcome = Outcome::failed;
  std::optional<int> status;  // of the answer, when there was one
  std::string fault;          // why it was not taken, without anything of the answer's body
};

// Takes messages out of Berth. Lives as long as the server.
class Notifier {
 public:
  virtual ~Notifier() = default;
  // Whether it arrived is no error but a receipt, which comes within seconds. May be repeated: receivers tell messages
  // apart by their id. Cancelled, it may have arrived or not.
  virtual async::Task<Receipt> deliver(Message message) = 0;
  // Why nothing can be sent to such an address: a sentence's end, for people.
  virtual std::optional<std::string> fault_of(const std::string& address) const = 0;
};

}  // namespace berth::core
