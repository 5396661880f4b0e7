// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <filesystem>

#include "base/bytes.h"
#include "base/descriptor.h"

namespace berth::runtimes::local {

// Unpacks a tar of an OCI layout (possibly compressed) into the empty folder `into`: regular files and folders only,
// at most `most` bytes. Throws Error{invalid_argument or too_large} on a hostile archive and Error{unavailable} when
// `stop` was set. It blocks: call it on a pool.
void unpack_layout(const Descriptor& file, const std::filesystem::path& into, Bytes most,
                   const std::atomic<bool>& stop);

}  // namespace berth::runtimes::local
