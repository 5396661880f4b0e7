// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>

#include "cli/invocation.h"
#include "cli/lab_package.h"

namespace berth::cli {

// Uploads the lab and waits until the version is prepared; its number. Throws Error{instance_fault} with why not.
std::int64_t upload_lab(Invocation& run, const LabFolder& lab);

// The attempt when its machines run. Throws Error{instance_fault} with why they do not.
boost::json::value start_attempt(Invocation& run, const std::string& lab, std::int64_t version);
boost::json::value resume_attempt(Invocation& run, const std::string& lab, const std::string& attempt);

// Proves an uploaded version: a fresh machine is not solved, and is once the solution was applied. Throws
// Error{instance_fault} that says what was otherwise.
void prove_lab(Invocation& run, const LabFolder& lab, std::int64_t version);

}  // namespace berth::cli
