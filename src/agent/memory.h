// SPDX-License-Identifier: Apache-2.0
#pragma once

namespace berth::agent {

// Gives back to the kernel what an idle agent does not need: free heap, and its own code, which comes back page by
// page when it runs again. A thousand idle instances are a thousand agents.
void give_memory_back();

}  // namespace berth::agent
