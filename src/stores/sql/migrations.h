// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "stores/sql/connection.h"

namespace berth::stores::sql {

// Brings the tables to the version of this program, one migration and one transaction at a time; several programs may
// do so at once. Throws Error{unavailable} when the database is newer than the program.
void migrate(Connection& connection);

}  // namespace berth::stores::sql
