// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <boost/json/value.hpp>
#include <string>

#include "warden/checks.h"
#include "warden/host.h"
#include "warden/images.h"
#include "warden/instances.h"
#include "warden/packet.h"

namespace berth::warden {

// Answers the requests of connections. Any thread; holds nothing of a connection.
class Requests {
 public:
  Requests(const Host& host, Images& images, Instances& instances, const Checks& checks, ExitEvents& ends);

  // Serves one connection until it ends or breaks the form. `stop` becomes readable when the warden ends.
  void serve(int connection, int stop) const;

 private:
  struct Answer {
    boost::json::value result;
    Descriptor descriptor;
  };

  Answer answer(const wire::Request& request, Packet& packet, int connection) const;
  Answer answer_for_images(const wire::Request& request, Packet& packet, int connection) const;
  wire::Capabilities capabilities() const;
  void push_exits(ExitSubscription& exits, int connection, int stop) const;

  const Host& host_;
  Images& images_;
  Instances& instances_;
  const Checks& checks_;
  ExitEvents& ends_;
  const std::string runtime_version_;
};

}  // namespace berth::warden
