// SPDX-License-Identifier: Apache-2.0
#include "core/instance_rules.h"

#include <algorithm>
#include <boost/describe/enum_to_string.hpp>
#include <limits>

#include "base/error.h"
#include "base/secret.h"
#include "core/invitation_rules.h"

namespace berth::core {
namespace {

[[noreturn]] void no_such_instance() { throw Error(ErrorKind::not_found, "there is no such instance"); }

}  // namespace

bool may_use(const Caller& caller, const Image& image) {
  return image.source != lab_source || caller.scopes.contains(Scope::images_write);
}

std::string default_name(const ImageName& image, const InstanceId& id) {
  std::string name;
  for (const char character : image.text().substr(0, 40)) {
    name += character == '.' || character == '_' ? '-' : character;
  }
  return name + "-" + id.text().substr(0, 4);
}

bool is_host_name(std::string_view name) {
  return !name.empty() && name.size() <= 63 && name.front() != '-' && name.back() != '-' &&
         std::ranges::all_of(name, [](char character) {
           return (character >= 'a' && character <= 'z') || (character >= '0' && character <= '9') || character == '-';
         });
}

void check_host_name(const std::string& name) {
  if (!is_host_name(name)) {
    throw Error(ErrorKind::invalid_argument,
                "a name has lower-case letters, digits and inner dashes, at most 63 characters", "name");
  }
}

Instance draft_instance(const Caller& caller, const NewInstance& request, const Plan& plan, TimePoint now) {
  if (request.name) {
    check_host_name(*request.name);
  }
  const Seconds lifetime = request.lifetime.value_or(plan.lifetime);
  if (lifetime < Seconds{1} || lifetime > plan.longest_lifetime) {
    throw Error(ErrorKind::invalid_argument,
                "plan '" + plan.name + "' allows a lifetime of 1s to " + format_duration(plan.longest_lifetime),
                "lifetime");
  }
  Instance instance;
  instance.account = caller.account.id;
  instance.share = caller.account.id.text();
  instance.image = request.image;
  instance.name = request.name.value_or("");
  instance.plan = plan;
  instance.recording.kind = plan.recording;
  instance.lifetime = lifetime;
  instance.created_at = now;
  instance.idempotency_key = request.idempotency_key;
  if (!request.idempotency_key.empty()) {
    instance.idempotency_digest = hash_token(Secret(request.image.text() + "\n" + request.plan.value_or("") + "\n" +
                                                    request.name.value_or("") + "\n" + format_duration(lifetime)));
  }
  return instance;
}

std::optional<Instance> earlier_instance(Transaction& transaction, const Instance& draft) {
  if (draft.idempotency_key.empty()) {
    return std::nullopt;
  }
  auto earlier = transaction.find_instance_by_key(draft.account, draft.idempotency_key);
  if (earlier && earlier->idempotency_digest != draft.idempotency_digest) {
    throw Error(ErrorKind::conflict, "this Idempotency-Key was used for another request", "Idempotency-Key");
  }
  return earlier;
}

ShownInstance shown_instance(Transaction& transaction, Instance instance) {
  std::optional<std::size_t> position;
  if (instance.state == InstanceState::queued) {
    position = transaction.count_queued_before(instance) + 1;
  }
  return {std::move(instance), position, {}};
}

ShownInstance with_wait(ShownInstance shown, const Reconciler& reconciler) {
  shown.queue_wait = shown.queue_position ? reconciler.wait_at(*shown.queue_position) : std::nullopt;
  return shown;
}

void check_room(Transaction& transaction, const Instance& instance, const HostLimits& limits) {
  using enum InstanceState;
  const auto image = transaction.find_image(instance.image);
  if (!image) {
    throw Error(ErrorKind::invalid_argument, "there is no image '" + instance.image.text().substr(0, 64) + "'",
                "image");
  }
  if (image->state == ImageState::preparing) {
    throw Error(ErrorKind::conflict,
                "image '" + image->name.text() + "' is still being prepared; try again when it is ready", "image");
  }
  if (image->state == ImageState::failed) {
    throw Error(ErrorKind::conflict,
                "image '" + image->name.text() + "' could not be prepared: " + image->reason.value_or(""), "image");
  }
  const bool bounded = instance.plan.most_per_account != std::numeric_limits<std::uint32_t>::max();
  const std::size_t held = bounded ? transaction.count_instances(
                                         instance.account, {queued, starting, running, asleep, stopped, grace, failed})
                                   : 0;
  if (bounded && held >= instance.plan.most_per_account) {
    throw Error(ErrorKind::exhausted, "you have " + std::to_string(held) + " instances, and plan '" +
                                          instance.plan.name + "' allows " +
                                          std::to_string(instance.plan.most_per_account) + "; destroy one first");
  }
  check_queue(transaction, limits);
}

void check_queue(Transaction& transaction, const HostLimits& limits) {
  if (transaction.count_instances({}, {InstanceState::queued}) >= limits.most_queued) {
    throw Error(ErrorKind::exhausted, "the host is full and so is its queue; try again later");
  }
}

void check_visible(const Caller& caller, const Instance& instance) {
  if (!may_touch(caller, instance.account)) {
    no_such_instance();
  }
}

Instance visible_instance(Transaction& transaction, const Caller& caller, const InstanceId& id) {
  auto instance = transaction.find_instance(id);
  if (!instance) {
    no_such_instance();
  }
  check_visible(caller, *instance);
  return std::move(*instance);
}

Instance watchable_instance(Transaction& transaction, const Caller& caller, const InstanceId& id) {
  auto instance = transaction.find_instance(id);
  if (!instance || !may_watch(transaction, caller, instance->account)) {
    no_such_instance();
  }
  return std::move(*instance);
}

void check_running(const Instance& instance) {
  if (instance.state == InstanceState::running) {
    return;
  }
  std::string what = std::string("the instance is ") + boost::describe::enum_to_string(instance.state, "?");
  switch (instance.state) {
    case InstanceState::asleep:
      what += "; resume it first";
      break;
    case InstanceState::stopped:
    case InstanceState::failed:
      what += "; start it first";
      break;
    case InstanceState::grace:
      what += instance.gone_by ? ": its lab is stopped; resume that" : ": its time is over; extend it, then start it";
      break;
    case InstanceState::queued:
    case InstanceState::starting:
      what += "; wait until it runs";
      break;
    default:
      break;
  }
  throw Error(ErrorKind::conflict, what);
}

}  // namespace berth::core
