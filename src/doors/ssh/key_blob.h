// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

struct ssh_key_struct;

namespace berth::doors::ssh {

// The public half in its wire form; empty when there is none.
std::string blob_of(const ssh_key_struct* key);

}  // namespace berth::doors::ssh
