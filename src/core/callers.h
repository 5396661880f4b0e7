// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>

#include "core/store.h"

namespace berth::core {

// Who holds the token with this hash, if the token is of a kind that is taken here and has not expired.
std::optional<Caller> find_caller(Transaction& transaction, const std::string& hash, bool (*is_taken)(TokenKind),
                                  TimePoint now);

}  // namespace berth::core
