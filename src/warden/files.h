// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/types.h>

#include <cstddef>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

#include "base/descriptor.h"

namespace berth::warden {

using std::filesystem::path;

// At most `most` bytes of a file; kernel files have no size to ask for.
std::string read_file(const path& file, std::size_t most = 1 << 20);
std::optional<std::string> read_file_if_there(const path& file, std::size_t most = 1 << 20);
// Brings a file and its name to the disk, so that it survives a power cut.
void make_durable(const path& file);
// Replaces `file` atomically. `durable`: it has reached the disk on return.
void replace_file(const path& file, std::string_view text, mode_t mode = 0600, bool durable = false);
// Writes into an existing file, as kernel interfaces want it: one write.
void write_to(const path& file, std::string_view text);
void write_all(int descriptor, std::string_view text);
// Makes the folder with exactly this mode, or gives an existing one this mode.
void make_folder(const path& folder, mode_t mode);
// Removes a tree without following links; what is not there is no fault.
void remove_tree(const path& tree);
// An O_PATH descriptor.
Descriptor open_path(const path& file, int flags = 0);

}  // namespace berth::warden
