// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "base/error.h"

namespace berth::stores::sql {

// What a failure of the database means, as a sentence that says what to do and is safe to show.
Error sqlite_fault(int extended_code);
Error postgresql_fault(const std::string& sqlstate);
// The connection broke: whether a COMMIT under way took effect is not known.
Error lost_connection();

}  // namespace berth::stores::sql
