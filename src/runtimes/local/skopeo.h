// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "base/error.h"
#include "core/runtime.h"
#include "runtimes/local/scratch_folder.h"
#include "runtimes/local/settings.h"

namespace berth::runtimes::local {

// The folder of `scratch` that download() fills: an OCI layout with one image.
inline constexpr const char* layout_name = "layout";

// Downloads an image with skopeo, as our own user, into `scratch`. Throws Error{not_found, forbidden, unavailable or
// too_large} with the registry's words. Cancelling kills skopeo.
async::Task<> download(Settings settings, core::RegistryReference reference, const ScratchFolder& scratch,
                       core::ProgressReport report);

// What skopeo's last words mean for whoever asked.
Error explain_skopeo(std::string_view output, const std::string& registry);

}  // namespace berth::runtimes::local
