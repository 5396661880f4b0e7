// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "core/runtime.h"
#include "runtimes/fake/fake_disk.h"

namespace berth::runtimes::fake {

// What a check says of an instance with these files. It understands lines of these forms, and takes any other for an
// unknown command:
//   # … · echo WORDS · cat PATH (of the instance: /machine/PATH; inside: /PATH) · exit N · kill -N $$ · sleep SECONDS
core::CheckReport run_fake_check(const FakeDisk& disk, const core::CheckSpec& spec, const std::string& script);

}  // namespace berth::runtimes::fake
