// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "core/attempt.h"
#include "core/lab.h"
#include "core/runtime.h"

namespace berth::core {

struct Judgement {
  Verdict verdict = Verdict::fault;
  std::string reason;  // plain text
};

// What a check's report means. The first line begins with the word OK or NO, and what follows it, or the next line, is
// the reason. Everything else is a fault of the lab or of the host, and says which.
Judgement judge(const CheckReport& report, const LabCheck& check);

}  // namespace berth::core
