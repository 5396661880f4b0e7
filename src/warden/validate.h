// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "wire/warden_protocol.h"

namespace berth::warden {

// Each throws Error{invalid_argument} with the field's path. Whoever asks is not root: nothing is taken on trust.
void check_id(const std::string& id);
void check_image_name(const std::string& name);
void check_spec(const wire::InstanceSpec& spec);
void check_check(const wire::CheckSpec& check);
// That the request has exactly the fields its operation takes, each within its bounds.
void check_request(const wire::Request& request);

}  // namespace berth::warden
