// SPDX-License-Identifier: Apache-2.0
#include "warden/serve.h"

#include <fcntl.h>
#include <poll.h>
#include <pwd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <cstdio>
#include <list>
#include <mutex>
#include <thread>

#include "warden/system_error.h"

namespace berth::warden {
namespace {

constexpr int send_buffer = 2 * wire::max_warden_message;
constexpr auto patience = std::chrono::seconds(5);

class Connections {
 public:
  Connections(const Requests& requests, int stop) : requests_(requests), stop_(stop) {}

  void start(Descriptor socket) {
    remove_ended();
    const std::lock_guard lock(mutex_);
    if (open_.size() >= wire::max_warden_connections) {
      log_line("a connection is refused: there are too many");
      return;
    }
    const auto place = open_.emplace(open_.end());
    place->socket = std::move(socket);
    place->thread = std::thread([this, place] { run(*place); });
  }

  // False: some did not end in time.
  bool end() {
    {
      std::unique_lock lock(mutex_);
      for (const Connection& connection : open_) {
        ::shutdown(connection.socket.get(), SHUT_RDWR);
      }
      const auto all_ended = [this] { return std::ranges::all_of(open_, &Connection::ended); };
      if (!changed_.wait_for(lock, patience, all_ended)) {
        return false;
      }
    }
    remove_ended();
    return true;
  }

 private:
  struct Connection {
    Descriptor socket;
    std::thread thread;
    bool ended = false;
  };

  void run(Connection& connection) {
    try {
      requests_.serve(connection.socket.get(), stop_);
    } catch (const std::exception& fault) {
      log_line(std::string("a connection ends: ") + fault.what());
    }
    ::shutdown(connection.socket.get(), SHUT_RDWR);  // the client sees the end now, not when it is tidied up
    const std::lock_guard lock(mutex_);
    connection.ended = true;
    changed_.notify_all();
  }

  void remove_ended() {
    std::list<Connection> ended;
    {
      const std::lock_guard lock(mutex_);
      for (auto place = open_.begin(); place != open_.end();) {
        const auto next = std::next(place);
        if (place->ended) {
          ended.splice(ended.end(), open_, place);
        }
        place = next;
      }
    }
    for (Connection& connection : ended) {
      connection.thread.join();
    }
  }

  const Requests& requests_;
  const int stop_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::list<Connection> open_;
};

bool may_ask(int connection, ClientUser client) {
  ucred peer{};
  socklen_t size = sizeof peer;
  return ::getsockopt(connection, SOL_SOCKET, SO_PEERCRED, &peer, &size) == 0 &&
         (peer.uid == client.uid || peer.uid == 0);
}

void prepare_connection(int connection) {
  const timeval limit{10, 0};
  check(::setsockopt(connection, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit), "limit a connection");
  check(::setsockopt(connection, SOL_SOCKET, SO_SNDBUFFORCE, &send_buffer, sizeof send_buffer), "size a connection");
}

}  // namespace

ClientUser find_client_user(const std::string& name) {
  const passwd* found = ::getpwnam(name.c_str());
  if (found == nullptr) {
    throw Error(ErrorKind::not_found,
                "there is no user '" + name + "'; make it (useradd --system " + name + ") or set --client-user");
  }
  return {found->pw_uid, found->pw_gid};
}

Descriptor listen_for_clients(const Layout& layout, ClientUser client) {
  const Descriptor folder = open_path(layout.run, O_DIRECTORY);
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::snprintf(address.sun_path, sizeof address.sun_path, "/proc/self/fd/%d/warden.sock", folder.get());
  Descriptor listener(check(::socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0), "make a socket"));
  ::unlink(layout.socket().c_str());
  // Until the next two lines nobody but root may write to it, and so connect.
  check(::bind(listener.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address), "make the socket");
  check(::chown(layout.socket().c_str(), 0, client.gid), "give the socket to the client's group");
  check(::chmod(layout.socket().c_str(), 0660), "give the socket to the client's group");
  check(::listen(listener.get(), wire::max_warden_connections), "listen");
  return listener;
}

void serve(const Requests& requests, const Descriptor& listener, ClientUser client, int stop) {
  Connections connections(requests, stop);
  for (;;) {
    pollfd watched[] = {{listener.get(), POLLIN, 0}, {stop, POLLIN, 0}};
    if (::poll(watched, 2, -1) < 0 && errno != EINTR) {
      throw_errno("wait for clients");
    }
    if (watched[1].revents != 0) {
      break;
    }
    Descriptor connection(::accept4(listener.get(), nullptr, nullptr, SOCK_CLOEXEC));
    if (!connection) {
      ::poll(nullptr, 0, 100);  // out of descriptors, most likely
    } else if (!may_ask(connection.get(), client)) {
      log_line("a connection is refused: its user may not ask");
    } else {
      prepare_connection(connection.get());
      connections.start(std::move(connection));
    }
  }
  if (!connections.end()) {
    // What they are doing is found half-made, and put right, by the next start.
    log_line("some requests did not end in time");
    ::_exit(0);
  }
}

}  // namespace berth::warden
