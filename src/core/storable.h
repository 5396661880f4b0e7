// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <string_view>

#include "core/access.h"
#include "core/attempt.h"
#include "core/competition.h"
#include "core/event.h"
#include "core/image.h"
#include "core/instance.h"
#include "core/invitation.h"
#include "core/lab.h"
#include "core/recording.h"
#include "core/service_definition.h"
#include "core/webhook.h"

namespace berth::core {

// What every store refuses alike, whatever its database would make of it (cut a text at its first zero character, turn
// a number negative): each function throws Error{invalid_argument} that names the field.

// Ids, hashes and other texts that are looked up: databases bound what they can index.
constexpr std::size_t longest_key = 1000;  // bytes

// Text is UTF-8 without zero characters. `field` is only for the message.
void require_text(std::string_view text, std::string_view field);
// Such text, not empty and at most longest_key.
void require_key(std::string_view text, std::string_view field);

void require_storable(const Account& account);
void require_storable(const Token& token);
void require_storable(const Image& image);
void require_storable(const StoredService& service);
void require_storable(const Instance& instance);
void require_storable(const Lab& lab);
void require_storable(const LabContents& contents);
void require_storable(const Attempt& attempt);
void require_storable(const Check& check);
void require_storable(const Competition& competition);
void require_storable(const Participant& participant);
void require_storable(const Membership& membership);
void require_storable(const Solve& solve);
void require_storable(const Invitation& invitation);
void require_storable(const Recording& recording);
void require_storable(const Webhook& webhook);
void require_storable(const Event& event);

}  // namespace berth::core
