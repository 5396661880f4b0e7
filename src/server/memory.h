// SPDX-License-Identifier: Apache-2.0
#pragma once

namespace berth::server {

// Whether the host has less than a tenth of its memory left (proc(5), /proc/meminfo). Not known: false.
bool short_of_memory();

}  // namespace berth::server
