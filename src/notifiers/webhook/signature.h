// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/secret.h"

namespace berth::notifiers::webhook {

// What a message is signed with after "Standard Webhooks" (standardwebhooks.com, symmetric): "v1," and the base64 of
// the HMAC-SHA256 of "ID.TIMESTAMP.BODY", for each secret one, with spaces between. A secret is "whsec_" and a key in
// base64; throws Error{internal} for another.
std::string signatures_of(const std::vector<Secret>& secrets, std::string_view id, std::string_view timestamp,
                          std::string_view body);

}  // namespace berth::notifiers::webhook
