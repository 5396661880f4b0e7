// SPDX-License-Identifier: Apache-2.0
#pragma once

// What an invitation lets its candidate do, and its reviewer see, as plain functions.

#include "core/store.h"

namespace berth::core {

// Whether the caller may look on at what `owner` does: the owner, administrators, and who invited them.
bool may_watch(Transaction& transaction, const Caller& caller, const AccountId& owner);
// False for a candidate who is not invited to this lab, and for nobody else.
bool may_meet(Transaction& transaction, const Caller& caller, const std::string& lab);
// Throws Error{conflict} when a candidate had their attempt at this lab. One that failed by our fault does not count.
void check_attempts_left(Transaction& transaction, const Caller& caller, const std::string& lab);
// A candidate's terminals are always recorded, for nobody but themselves and the reviewer.
RecordingPolicy recording_of(Transaction& transaction, const AccountId& account, const LabManifest& manifest);

}  // namespace berth::core
