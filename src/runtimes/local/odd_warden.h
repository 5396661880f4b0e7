// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <filesystem>
#include <functional>
#include <string>
#include <thread>
#include <vector>

#include "base/clock.h"
#include "base/descriptor.h"

namespace berth::runtimes::local {

// A warden of a test's own making, on a thread: `serve` is run for each connection, one after the other, until it
// returns; then the connection is closed.
class OddWarden {
 public:
  // One connection, blocking. Reads give up after a deadline.
  class Peer {
   public:
    Peer(int socket, int listener) : socket_(socket), listener_(listener) {}
    // The next packet, empty at the end of the connection.
    std::string read();
    // Those that came with it.
    const std::vector<Descriptor>& descriptors() const { return descriptors_; }
    void write(std::string_view packet, const std::vector<int>& descriptors = {});
    // Answers hello as a warden should.
    void greet();
    // Whether a further connection waits to be served, now or within `limit`.
    bool others_wait(Milliseconds limit = Milliseconds{0}) const;

   private:
    int socket_;
    int listener_;
    std::vector<Descriptor> descriptors_;
  };
  using Serve = std::function<void(Peer&)>;

  explicit OddWarden(Serve serve);
  ~OddWarden();
  OddWarden(const OddWarden&) = delete;
  OddWarden& operator=(const OddWarden&) = delete;

  std::string path() const { return (folder_ / "socket").string(); }
  int connections() const { return connections_; }
  // Waits until so many connections have been closed.
  void await_closed(int count) const;

 private:
  void accept_all();

  Serve serve_;
  std::filesystem::path folder_;
  Descriptor listener_;
  std::atomic<int> connections_ = 0;
  std::atomic<int> closed_ = 0;
  std::thread thread_;
};

}  // namespace berth::runtimes::local
