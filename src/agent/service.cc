// SPDX-License-Identifier: Apache-2.0
#include "agent/service.h"

#include <fcntl.h>

#include <csignal>

#include "agent/say.h"
#include "agent/users.h"
#include "base/error.h"

namespace berth::agent {

void Service::start(const ServiceOptions& options, const Image& image) {
  if (options.command.empty()) {
    return;
  }
  try {
    const User user = load_user(options.user.empty() ? image.user : options.user);
    Launch what = prepare(options.command, user, program_environment(image.environment, user, {}), options.directory);
    const Descriptor nothing(::open("/dev/null", O_RDONLY | O_CLOEXEC));
    what.descriptors = {nothing ? nothing.get() : 0, 1, 2};
    process_ = launch(what);
    state_ = wire::ServiceState{.running = true, .exit = {}};
  } catch (const Error& error) {
    say("the image's service did not start: " + std::string(error.what()));
    // What a shell answers for a command it cannot find or run.
    state_ = wire::ServiceState{
        .running = false,
        .exit = wire::SessionExit{.code = error.kind() == ErrorKind::not_found ? 127 : 126, .signal = {}}};
  }
}

bool Service::child_ended(pid_t process, const wire::SessionExit& exit) {
  if (process_ == 0 || process != process_) {
    return false;
  }
  process_ = 0;
  state_ = wire::ServiceState{.running = false, .exit = exit};
  return true;
}

void Service::signal(int number) const {
  if (process_ != 0) {
    ::kill(-process_, number);
  }
}

}  // namespace berth::agent
