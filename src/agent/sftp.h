// SPDX-License-Identifier: Apache-2.0
#pragma once

namespace berth::agent {

// Serves one SFTP client on two descriptors until its input ends between two packets. Throws Error at a client that
// does not keep to the protocol, or that is gone.
void serve_sftp(int input, int output);

}  // namespace berth::agent
