// SPDX-License-Identifier: Apache-2.0
#include "doors/ssh/destination.h"

#include <utility>

#include "base/error.h"
#include "doors/ssh/texts.h"

namespace berth::doors::ssh {
namespace {

using core::InstanceState;

constexpr Milliseconds position_pause{2000};  // how often the place in the queue is looked at
constexpr std::size_t longest_user = 256;

// Sets a flag for as long as it lives, then wakes who waits for it.
class Turn {
 public:
  Turn(bool& flag, async::Trigger& ended) : flag_(flag), ended_(ended) { flag_ = true; }
  ~Turn() {
    flag_ = false;
    ended_.fire();
  }
  Turn(const Turn&) = delete;
  Turn& operator=(const Turn&) = delete;

 private:
  bool& flag_;
  async::Trigger& ended_;
};

std::string progress_of(const core::ShownInstance& shown) {
  const std::string wait = shown.queue_wait ? ", about " + about(*shown.queue_wait) : "";
  return "the host is full; you are number " + std::to_string(*shown.queue_position) + " in the queue" + wait;
}

}  // namespace

Target parse_target(std::string_view user) {
  if (user.empty() || user.size() > longest_user) {
    throw Error(ErrorKind::invalid_argument, "write ssh IMAGE@host for a new machine or ssh INSTANCE@host for yours");
  }
  const std::size_t plus = user.find('+');
  if (plus == std::string_view::npos) {
    return {.plan = {}, .name = std::string(user)};
  }
  return {.plan = std::string(user.substr(0, plus)), .name = std::string(user.substr(plus + 1))};
}

Destination::Destination(core::Instances& instances, core::Caller caller, std::string user,
                         const async::Executor& executor)
    : instances_(instances), caller_(std::move(caller)), target_(parse_target(user)), searched_(executor) {}

async::Task<core::Instance> Destination::running(Say say) {
  while (searching_ && !id_) {
    co_await searched_.wait();
  }
  if (!id_) {
    const Turn turn(searching_, searched_);
    id_ = co_await find_or_make();
  }
  co_return co_await start(*id_, std::move(say));
}

async::Task<std::optional<InstanceId>> Destination::find() {
  if (target_.plan) {
    co_return std::nullopt;  // only a new one has a choice
  }
  // The newest of a name first.
  for (const core::ShownInstance& shown : co_await instances_.list(caller_, {.limit = 0})) {
    if (shown.instance.id.text() == target_.name || shown.instance.name == target_.name) {
      co_return shown.instance.id;
    }
  }
  try {  // an administrator sees those of others
    const core::ShownInstance shown = co_await instances_.find(caller_, InstanceId(target_.name));
    if (shown.instance.state != InstanceState::gone) {
      co_return shown.instance.id;
    }
  } catch (const Error& error) {
    if (error.kind() != ErrorKind::not_found) {
      throw;
    }
  }
  co_return std::nullopt;
}

async::Task<InstanceId> Destination::find_or_make() {
  if (auto found = co_await find()) {
    co_return *found;
  }
  try {
    const core::ShownInstance made =
        co_await instances_.create(caller_, {.image = ImageName(target_.name), .plan = target_.plan});
    made_ = true;
    co_return made.instance.id;
  } catch (const Error& error) {
    if (error.field() == "image") {
      throw Error(ErrorKind::not_found, "you have no machine '" + target_.name + "', and " + error.what());
    }
    throw;
  }
}

async::Task<core::Instance> Destination::start(InstanceId id, Say say) {
  core::ShownInstance shown = co_await instances_.find(caller_, id);
  if (!shown.instance.plan.ssh) {
    throw Error(ErrorKind::forbidden, "'" + shown.instance.name + "' is not reached by SSH; open it in the browser");
  }
  if (shown.instance.state == InstanceState::stopped || shown.instance.state == InstanceState::asleep) {
    co_await say("waking " + shown.instance.name);
    const bool stopped = shown.instance.state == InstanceState::stopped;
    shown = co_await instances_.act(caller_, id, stopped ? core::Action::start : core::Action::resume);
  }
  std::optional<std::size_t> told;  // place in the queue
  while (shown.instance.state == InstanceState::queued || shown.instance.state == InstanceState::starting) {
    if (shown.queue_position && shown.queue_position != std::exchange(told, shown.queue_position)) {
      co_await say(progress_of(shown));
    }
    shown = co_await instances_.wait_until_started(caller_, id, position_pause);
  }
  co_return co_await instances_.running(caller_, id, core::Scope::instances_write);
}

}  // namespace berth::doors::ssh
