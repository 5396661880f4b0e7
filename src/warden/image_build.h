// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "warden/files.h"
#include "warden/images.h"

namespace berth::warden {

// Runs the recipe `program` as root with the folder `root` (made by it) as its argument. The recipe prints lines
// "progress <0 to 1> <note>"; other lines go to the log. Throws Error{unavailable} when it fails.
void build_image(const path& program, const path& root, const ReportProgress& report);

// What a line of a recipe's output says, if it is a progress line.
std::optional<wire::Progress> parse_progress(std::string_view line);

}  // namespace berth::warden
