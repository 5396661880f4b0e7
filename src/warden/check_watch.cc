// SPDX-License-Identifier: Apache-2.0
#include "warden/check_watch.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <csignal>

#include "warden/packet.h"
#include "warden/spawn.h"
#include "warden/system_error.h"

namespace berth::warden {
namespace {

constexpr Milliseconds end_limit = std::chrono::seconds(10);
constexpr Milliseconds own_end_limit = std::chrono::seconds(1);

void make_pipe(Descriptor& reading, Descriptor& writing) {
  int ends[2];
  check(::pipe2(ends, O_CLOEXEC), "make a pipe");
  reading = Descriptor(ends[0]);
  writing = Descriptor(ends[1]);
  check(::fcntl(ends[0], F_SETFL, O_NONBLOCK), "make a pipe");
}

// Keeps the beginning. A few reads only, so that a flood does not keep anybody from looking at the clock.
void drain(Descriptor& from, std::string& into) {
  char buffer[64 * 1024];
  for (int turn = 0; turn < 16 && from; ++turn) {
    const ssize_t got = ::read(from.get(), buffer, sizeof buffer);
    if (got < 0 && (errno == EAGAIN || errno == EINTR)) {
      return;
    }
    if (got <= 0) {
      from.reset();
      return;
    }
    into.append(buffer, std::min(static_cast<std::size_t>(got), wire::longest_check_output - into.size()));
  }
}

}  // namespace

CheckWatch::CheckWatch(bool inside, Milliseconds limit, const std::vector<Descriptor>& machines)
    : inside_(inside), deadline_(std::chrono::steady_clock::now() + limit), machines_(machines) {
  make_pipe(output_, their_output_);
  make_pipe(errors_, their_errors_);
  int ends[2];
  check(::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends), "make a socket");
  answers_ = Descriptor(ends[0]);
  their_answers_ = Descriptor(ends[1]);
}

CheckWatch::~CheckWatch() {
  try {
    end();
  } catch (const Error& fault) {
    log_line(fault.what());
  }
}

void CheckWatch::begin(const std::function<void(int answers, int output, int errors)>& start) {
  start(their_answers_.get(), their_output_.get(), their_errors_.get());
  their_output_.reset();
  their_errors_.reset();
  their_answers_.reset();
}

void CheckWatch::take_answer() {
  std::optional<Packet> packet = receive_packet(answers_.get());
  if (packet && !process_ && packet->text == "begun" && !packet->descriptors.empty()) {
    process_ = std::move(packet->descriptors.front());
    return;
  }
  answer_ = packet ? packet->text : "";
  answers_.reset();
}

// Until something happens. False: the time is over.
bool CheckWatch::wait() {
  std::vector<pollfd> watched;
  for (const Descriptor* descriptor : {&answers_, &output_, &errors_}) {
    watched.push_back({*descriptor ? descriptor->get() : -1, POLLIN, 0});
  }
  for (const Descriptor& machine : machines_) {
    watched.push_back({machine.get(), POLLIN, 0});
  }
  const auto left = std::chrono::ceil<Milliseconds>(deadline_ - std::chrono::steady_clock::now());
  if (left.count() <= 0) {
    return false;
  }
  ::poll(watched.data(), watched.size(), static_cast<int>(left.count()));
  drain(output_, report_.output);
  drain(errors_, report_.errors);
  if (watched[0].revents != 0) {
    take_answer();
  }
  refuse_ended_machines();
  return true;
}

void CheckWatch::refuse_ended_machines() const {
  for (const Descriptor& machine : machines_) {
    if (wait_readable(machine.get(), Milliseconds{0})) {
      throw Error(ErrorKind::unavailable, "an instance ended while it was checked");
    }
  }
}

// An outside check is the first process of its namespace: the kernel ends the others with it, before its own end can be
// seen. One inside ends what it started itself.
void CheckWatch::end() {
  // One that comes too late to say that it has begun finds nobody to tell, and does nothing.
  if (!process_ && answers_ && !their_answers_ && wait_readable(answers_.get(), own_end_limit)) {
    take_answer();
  }
  if (!process_) {
    return;
  }
  if (inside_) {
    ::syscall(SYS_pidfd_send_signal, process_.get(), SIGTERM, nullptr, 0);
    wait_readable(process_.get(), own_end_limit);
  }
  kill_process(process_.get());
  if (!wait_readable(process_.get(), end_limit)) {
    throw Error(ErrorKind::unavailable, "the processes of a check do not end; look at the host's kernel log");
  }
  process_.reset();
}

wire::CheckReport CheckWatch::run() {
  while (!answer_ && wait()) {
  }
  if (answer_ && !process_) {
    throw Error(ErrorKind::unavailable, "a check could not be started; the warden's log may say why");
  }
  if (answer_) {
    process_.reset();  // it said so when nothing else of the check was left, and ends
  } else {
    end();
  }
  drain(output_, report_.output);
  drain(errors_, report_.errors);
  refuse_ended_machines();
  if (!answer_) {
    report_.end = wire::CheckEnd::timed_out;
    return report_;
  }
  const std::size_t space = answer_->find(' ');
  const std::string_view rest = std::string_view(*answer_).substr(std::min(space, answer_->size() - 1) + 1);
  if (answer_->starts_with("fault ")) {
    log_line("a check failed: " + std::string(rest));
    throw Error(ErrorKind::unavailable, "the check could not be carried out: " + std::string(rest));
  }
  if (std::from_chars(rest.data(), rest.data() + rest.size(), report_.code).ec != std::errc()) {
    throw Error(ErrorKind::unavailable, "the check was ended by the host; it took too much memory, most likely");
  }
  report_.end = answer_->starts_with("exited ") ? wire::CheckEnd::exited : wire::CheckEnd::killed;
  return report_;
}

}  // namespace berth::warden
