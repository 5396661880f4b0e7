// SPDX-License-Identifier: Apache-2.0
#include "doors/ssh/visit.h"

#include <type_traits>
#include <utility>

#include "async/always.h"
#include "async/race.h"
#include "async/time_limit.h"

namespace berth::doors::ssh {
namespace {

constexpr int most_offers = 20;  // keys that one connection may try

}  // namespace

Visit::Visit(const Services& services, const Settings& settings, async::Executor executor, Channel::Orderer order)
    : services_(services),
      settings_(settings),
      executor_(executor),
      order_(std::move(order)),
      changed_(executor),
      tasks_(executor, services.log) {}

async::Task<> Visit::serve(Welcomed welcomed) { return async::always(stay(std::move(welcomed)), leave()); }

async::Task<> Visit::leave() {
  order_(Disconnect{});
  tasks_.cancel();
  co_await tasks_.join();
}

async::Task<> Visit::stay(Welcomed welcomed) {
  const bool in_time = co_await async::finishes_within(sign_in(), settings_.sign_in_limit);
  if (!in_time || !caller_ || gone_) {
    co_return;
  }
  welcomed(new_guest_);
  co_await async::race(gone(), services_.keys.removed(caller_->token));
}

async::Task<> Visit::gone() {
  while (!gone_) {
    co_await changed_.wait();
  }
}

async::Task<> Visit::sign_in() {
  for (int offers = 0; offers < most_offers && !gone_ && !caller_; ++offers) {
    while (!offer_ && !gone_) {
      co_await changed_.wait();
    }
    if (offer_) {
      KeyOffered offer = std::move(*std::exchange(offer_, {}));
      order_(AnswerKey{co_await try_key(std::move(offer))});
    }
  }
}

async::Task<bool> Visit::try_key(KeyOffered offer) {
  try {
    const bool guests = settings_.guests && services_.keys.takes_guests();
    if (!offer.proven) {
      core::check_public_key(offer.blob);
      co_return guests || co_await services_.keys.authenticate(offer.blob);
    }
    std::optional<core::Caller> caller = co_await services_.keys.authenticate(offer.blob);
    if (!caller && guests) {
      caller = co_await services_.keys.authenticate_or_welcome(offer.blob);
      new_guest_ = true;
    }
    if (!caller) {
      co_return false;
    }
    destination_ = std::make_unique<Destination>(services_.instances, *caller, offer.user, executor_);
    caller_ = std::move(caller);
    co_return true;
  } catch (const Error& error) {
    if (error.kind() == ErrorKind::unavailable || error.kind() == ErrorKind::internal) {
      services_.log(std::string("ssh: a key could not be looked up: ") + error.what());
    }
    co_return false;
  }
}

void Visit::open(ChannelNumber number, std::function<async::Task<>(Channel&)> work) {
  if (!caller_ || gone_) {
    return;
  }
  channels_[number] = std::make_unique<Channel>(executor_, number, order_);
  tasks_.spawn(serve_channel(number, std::move(work)));
}

async::Task<> Visit::serve_channel(ChannelNumber number, std::function<async::Task<>(Channel&)> work) {
  Channel& channel = *channels_.at(number);
  std::exception_ptr fault;
  try {
    co_await async::race(work(channel), channel.closed());
  } catch (...) {
    fault = std::current_exception();
  }
  if (fault) {
    channel.finish({});
  }
  channels_.erase(number);
  if (fault) {
    std::rethrow_exception(fault);
  }
}

void Visit::take(Report report) {
  const auto with_channel = [this](ChannelNumber number, auto work) {
    const auto found = channels_.find(number);
    if (found != channels_.end()) {
      work(*found->second);
    }
  };
  if (auto* offer = std::get_if<KeyOffered>(&report)) {
    offer_ = std::move(*offer);
    changed_.fire();
  } else if (auto* session = std::get_if<SessionAsked>(&report)) {
    open(session->channel, [this, asked = std::move(*session)](Channel& channel) -> async::Task<> {
      return [](ServedSession served) -> async::Task<> {
        co_await served.serve();
      }(ServedSession(around(), channel, asked));
    });
  } else if (auto* forward = std::get_if<ForwardAsked>(&report)) {
    open(forward->channel, [this, asked = std::move(*forward)](Channel& channel) -> async::Task<> {
      return serve_forward(around(), channel, asked);
    });
  } else if (const auto* taken = std::get_if<Taken>(&report)) {
    with_channel(taken->channel, [&](Channel& channel) { channel.take(*taken); });
  } else if (const auto* closed = std::get_if<ChannelClosed>(&report)) {
    with_channel(closed->channel, [](Channel& channel) { channel.close(); });
  } else if (std::holds_alternative<Disconnected>(report)) {
    gone_ = true;
    changed_.fire();
  } else {
    std::visit(
        [&](auto& item) {
          if constexpr (std::is_constructible_v<Channel::Item, decltype(std::move(item))>) {
            with_channel(item.channel, [&](Channel& channel) { channel.take(Channel::Item(std::move(item))); });
          }
        },
        report);
  }
}

}  // namespace berth::doors::ssh
