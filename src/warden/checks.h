// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "warden/check_helper.h"
#include "warden/instances.h"
#include "wire/warden_protocol.h"

namespace berth::warden {

// Runs scripts against instances from outside, or inside, and watches over them. Any thread; checks run side by side.
class Checks {
 public:
  Checks(const Host& host, const Instances& instances, const CheckHelper& helper)
      : host_(host), instances_(instances), helper_(helper) {}

  // `script` is what berthd gave: a regular file or memfd. Returns when nothing of the check runs any more.
  wire::CheckReport run(const std::string& id, const wire::CheckSpec& spec, const Descriptor& script) const;

 private:
  const Host& host_;
  const Instances& instances_;
  const CheckHelper& helper_;
};

// The text in valid UTF-8, each byte that is not in place as a question mark.
std::string valid_text(std::string_view bytes);

}  // namespace berth::warden
