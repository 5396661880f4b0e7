// SPDX-License-Identifier: Apache-2.0
#include "core/readiness.h"

#include <algorithm>
#include <string>

#include "async/time_limit.h"

namespace berth::core {
namespace {

// The kernel tells nobody that a socket begins to listen, so it is asked, less and less often.
constexpr Milliseconds first_pause{1};
constexpr Milliseconds longest_pause{50};

std::string how_it_ended(const wire::SessionExit& exit) {
  return exit.code ? "with status " + std::to_string(*exit.code)
                   : "by signal " + std::to_string(exit.signal.value_or(0));
}

void check_service(const AgentLink& link, std::uint16_t port) {
  const auto& service = link.service();
  if (!service) {
    throw Error(ErrorKind::instance_fault, "port " + std::to_string(port) +
                                               " is to be served, but the image has no service and no command was "
                                               "configured");
  }
  if (!service->running && service->exit && service->exit->code != 0) {
    throw Error(ErrorKind::instance_fault, "its service ended " + how_it_ended(*service->exit) +
                                               " before it listened on port " + std::to_string(port));
  }
}

async::Task<> poll_port(std::shared_ptr<AgentLink> link, std::uint16_t port) {
  for (Milliseconds pause = first_pause;; pause = std::min(pause * 2, longest_pause)) {
    const auto ports = co_await link->listening_ports();
    if (std::ranges::find(ports, port, &wire::ListeningPort::port) != ports.end()) {
      co_return;
    }
    check_service(*link, port);
    co_await async::pause_for(pause);
  }
}

}  // namespace

async::Task<> wait_until_ready(std::shared_ptr<AgentLink> link, Launch launch, Milliseconds limit) {
  if (launch.port != 0 && !co_await async::finishes_within(poll_port(link, launch.port), limit)) {
    throw Error(ErrorKind::instance_fault, "its service did not listen on port " + std::to_string(launch.port) +
                                               " within " + std::to_string(limit / Seconds{1}) + " seconds");
  }
}

}  // namespace berth::core
