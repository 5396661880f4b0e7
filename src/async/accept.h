// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <boost/asio/ip/tcp.hpp>
#include <functional>
#include <string>

#include "async/task.h"

namespace berth::async {

using Welcome = std::function<void(boost::asio::ip::tcp::socket)>;
using Complain = std::function<void(const std::string&)>;

// Welcomes each connection as it comes, until cancelled. When none can be taken, as when nearly all descriptors are in
// use, it complains once and tries again: those who come wait.
Task<> accept_all(boost::asio::ip::tcp::acceptor& acceptor, Welcome welcome, Complain complain);

}  // namespace berth::async
