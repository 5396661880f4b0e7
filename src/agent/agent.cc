// SPDX-License-Identifier: Apache-2.0
#include "agent/agent.h"

#include <fcntl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <exception>
#include <initializer_list>
#include <utility>

#include "agent/memory.h"
#include "agent/ports.h"
#include "agent/reaper.h"
#include "base/error.h"

namespace berth::agent {
namespace {

constexpr std::chrono::seconds idle_after{1};
constexpr std::chrono::seconds time_to_end{2};
constexpr int frames_at_once = 64;  // then it is the sessions' turn

Descriptor open_signals() {
  sigset_t wanted;
  ::sigemptyset(&wanted);
  for (const int number : {SIGCHLD, SIGTERM, SIGINT}) {
    ::sigaddset(&wanted, number);
  }
  ::sigprocmask(SIG_BLOCK, &wanted, nullptr);
  ::signal(SIGPIPE, SIG_IGN);
  Descriptor signals(::signalfd(-1, &wanted, SFD_CLOEXEC | SFD_NONBLOCK));
  if (!signals) {
    throw Error(ErrorKind::unavailable, "cannot listen for signals");
  }
  return signals;
}

}  // namespace

Agent::Agent(AgentOptions options, Descriptor listener)
    : options_(std::move(options)),
      listener_{.descriptor = std::move(listener)},
      signals_{.descriptor = open_signals()},
      sessions_(options_.image, poller_) {
  adopt_orphans();
  ::fcntl(listener_.get(), F_SETFL, ::fcntl(listener_.get(), F_GETFL) | O_NONBLOCK);
  poller_.watch(listener_);
  poller_.watch(signals_);
}

void Agent::run() {
  service_.start(options_.service, options_.image);
  idle_at_ = std::chrono::steady_clock::now();
  while (!kill_at_ || has_children()) {
    const bool happened = poller_.wait(deadline(std::chrono::steady_clock::now()));
    const Moment now = std::chrono::steady_clock::now();
    if (kill_at_ && now >= *kill_at_) {
      break;
    }
    if (happened || busy_) {
      idle_at_ = now + idle_after;
    } else if (idle_at_ && now >= *idle_at_) {
      idle_at_.reset();
      give_memory_back();
    }
    take_signals(now);
    accept_link();
    busy_ = false;
    serve_link(now);
    busy_ = sessions_.pump(now) || busy_;
    if (link_) {
      try {
        sessions_.send(*link_);
      } catch (const Error&) {
        drop_link();
      }
    }
  }
  signal_everything(SIGKILL);
}

void Agent::take_signals(Moment now) {
  signalfd_siginfo info{};
  while (signals_.readable) {
    if (::read(signals_.get(), &info, sizeof info) != sizeof info) {
      signals_.readable = false;
    } else if (info.ssi_signo == SIGCHLD) {
      reap_children(now);
    } else if (!kill_at_) {
      shut_down(now);
    }
  }
}

void Agent::reap_children(Moment now) {
  while (const auto ended = reap()) {
    if (service_.child_ended(ended->process, ended->exit)) {
      report_service();
    } else {
      sessions_.child_ended(ended->process, ended->exit, now);
    }
  }
}

// A descriptor for the new link is always free: the sessions that took all others were opened on a link before it.
void Agent::accept_link() {
  while (listener_.readable) {
    Descriptor connection(::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
    if (!connection && (errno == EMFILE || errno == ENFILE) && link_) {
      drop_link();
      continue;
    }
    if (!connection) {
      listener_.readable = errno == EINTR || errno == ECONNABORTED;
      continue;
    }
    drop_link();
    link_ = std::make_unique<Link>(std::move(connection));
    host_said_hello_ = false;
    poller_.watch(link_->channel());
    link_->channel().writable = true;
    say_hello();
  }
}

void Agent::say_hello() {
  wire::AgentHello hello{
      .version = wire::agent_protocol_version, .sessions = sessions_.states(), .service = service_.state()};
  try {
    link_->answer({.type = wire::FrameType::hello, .payload = wire::encode_payload(hello)});
  } catch (const Error&) {
    drop_link();
  }
}

void Agent::report_service() {
  if (!link_ || !service_.state()) {
    return;
  }
  try {
    link_->answer({.type = wire::FrameType::service_state, .payload = wire::encode_payload(*service_.state())});
  } catch (const Error&) {
    drop_link();
  }
}

void Agent::serve_link(Moment now) {
  try {
    for (int count = 0; link_ && count < frames_at_once && (link_->flush() || !link_->clogged()); ++count) {
      const auto frame = link_->receive();
      if (!frame) {
        return;
      }
      handle(*frame, now);
    }
    busy_ = link_ && link_->channel().readable && !link_->clogged();
  } catch (const std::exception&) {  // whatever the peer did, process 1 goes on
    drop_link();
  }
}

void Agent::handle(const wire::Frame& frame, Moment now) {
  if (host_said_hello_ == (frame.type == wire::FrameType::hello)) {
    throw Error(ErrorKind::invalid_argument, "the first frame, and no other, is the hello");
  }
  if (frame.type == wire::FrameType::hello) {
    if (wire::decode_payload<wire::HostHello>(frame.payload).version != wire::agent_protocol_version) {
      throw Error(ErrorKind::invalid_argument, "the host speaks another version");
    }
    host_said_hello_ = true;
  } else if (frame.type == wire::FrameType::list_ports) {
    link_->answer(
        {.type = wire::FrameType::ports, .session = frame.session, .payload = wire::encode_payload(listening_ports())});
  } else {
    sessions_.handle(frame, *link_, now);
  }
}

void Agent::drop_link() {
  link_.reset();
  sessions_.detach();
}

void Agent::shut_down(Moment now) {
  kill_at_ = now + time_to_end;
  sessions_.stop_opening();
  signal_everything(SIGTERM);
  signal_everything(SIGCONT);
  sessions_.hang_up_terminals();
}

// As process 1 everything in sight is the instance's own; anywhere else it is not.
void Agent::signal_everything(int number) {
  if (::getpid() == 1) {
    ::kill(-1, number);
    return;
  }
  sessions_.signal_all(number);
  service_.signal(number);
}

std::optional<Moment> Agent::deadline(Moment now) const {
  if (busy_) {
    return now;
  }
  Moment first = sessions_.deadline(now).value_or(Moment::max());
  first = std::min({first, idle_at_.value_or(Moment::max()), kill_at_.value_or(Moment::max())});
  return first == Moment::max() ? std::nullopt : std::optional(first);
}

}  // namespace berth::agent
