// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <string>
#include <string_view>

namespace berth::runtimes::fake {

// The files of a fake instance by absolute path; folders exist by having files, and the usual ones always.
using FakeDisk = std::map<std::string, std::string>;

FakeDisk fresh_disk();
bool has_folder(const FakeDisk& disk, std::string_view path);
// A tar of the file or folder `path` with names relative to its parent ("/" gives names relative to itself). Throws
// Error{not_found}.
std::string pack(const FakeDisk& disk, const std::string& path);
// Unpacks `tar` below `folder`. Throws Error{invalid_argument} on anything but files and folders inside it.
void unpack(FakeDisk& disk, const std::string& folder, std::string_view tar);

}  // namespace berth::runtimes::fake
