// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <string>
#include <vector>

#include "agent/launch.h"
#include "agent/users.h"

namespace berth::agent {

using Environment = std::map<std::string, std::string>;

// The image's environment: the one the agent was started with.
Environment image_environment();

// What a program of `user` gets: the image's, the user's HOME, USER, LOGNAME and SHELL, a PATH if there is none, and
// then `added`. Throws Error{invalid_argument} on a name that cannot be one.
Environment program_environment(const Environment& image, const User& user, const Environment& added);

// Fills in who runs `command`, with what and where: candidates, arguments, environment, user, directory. An empty
// `directory` is the user's home if it can be entered. Throws Error{invalid_argument} on a text with a zero byte.
Launch prepare(const std::vector<std::string>& command, const User& user, const Environment& environment,
               const std::string& directory);

}  // namespace berth::agent
