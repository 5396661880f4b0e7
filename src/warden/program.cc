// SPDX-License-Identifier: Apache-2.0
#include "warden/program.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <cstring>

#include "warden/host.h"
#include "warden/images.h"
#include "warden/instances.h"
#include "warden/mount_namespace.h"
#include "warden/requests.h"
#include "warden/serve.h"
#include "warden/system_error.h"

namespace berth::warden {
namespace {

// Before any thread starts, so that all inherit it.
Descriptor block_ending_signals() {
  ::signal(SIGPIPE, SIG_IGN);
  sigset_t ending;
  sigemptyset(&ending);
  sigaddset(&ending, SIGTERM);
  sigaddset(&ending, SIGINT);
  check(::sigprocmask(SIG_BLOCK, &ending, nullptr), "block signals");
  return Descriptor(check(::signalfd(-1, &ending, SFD_CLOEXEC), "wait for signals"));
}

// Two wardens in one run folder would tear down each other's work. The lock ends with the process.
Descriptor lock_run_folder(const Layout& layout) {
  Descriptor lock(check(::open(layout.lock().c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600), "lock the run folder"));
  if (::flock(lock.get(), LOCK_EX | LOCK_NB) != 0) {
    throw Error(ErrorKind::conflict, "another berth-warden serves " + layout.run.string() + "; stop it first");
  }
  return lock;
}

// What keeps the mounts of stopped instances would be lost with such a namespace.
void warn_of_private_mounts() {
  struct stat ours{};
  struct stat of_init{};
  if (::stat("/proc/self/ns/mnt", &ours) == 0 && ::stat("/proc/1/ns/mnt", &of_init) == 0 &&
      ours.st_ino != of_init.st_ino) {
    log_line(
        "it runs in a mount namespace of its own (PrivateTmp, ProtectKernelLogs and the like in its unit): memory "
        "disks of stopped instances will not survive its end");
  }
}

// sd_notify(3): one datagram to the socket that systemd named.
void notify_ready() {
  const char* name = std::getenv("NOTIFY_SOCKET");
  sockaddr_un address{};
  if (name == nullptr || std::strlen(name) >= sizeof address.sun_path) {
    return;
  }
  address.sun_family = AF_UNIX;
  std::memcpy(address.sun_path, name, std::strlen(name));
  if (address.sun_path[0] == '@') {
    address.sun_path[0] = '\0';
  }
  const Descriptor socket(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  const auto size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + std::strlen(name));
  ::sendto(socket.get(), "READY=1", 7, MSG_NOSIGNAL, reinterpret_cast<const sockaddr*>(&address), size);
}

// Only what is ours: the folder may be one that holds other things too.
void remove_run_folder(const Layout& layout) {
  for (const path& ours : {layout.socket(), layout.lock(), layout.agents(), layout.runtime_state(),
                           layout.root().parent_path(), layout.networks()}) {
    remove_tree(ours);
  }
  ::rmdir(layout.run.c_str());
}

}  // namespace

void run_warden(const Config& config) {
  ::umask(0022);
  const Descriptor stop = block_ending_signals();
  Host host(config);
  const ClientUser client = find_client_user(config.client_user);
  check_programs(host);
  make_folders(host);
  const Descriptor lock = lock_run_folder(host.layout);
  warn_of_private_mounts();
  enter_mounts(host);
  check_kernel(host);
  const CheckHelper check_helper(host);
  ExitEvents ends;
  Images images(host.config, host.layout);
  images.remove_leftovers();
  Networks networks(host);
  Instances instances(host, networks, images, ends);
  instances.adopt();
  const Checks checks(host, instances, check_helper);
  const Requests requests(host, images, instances, checks, ends);
  const Descriptor listener = listen_for_clients(host.layout, client);
  log_line("ready at " + host.layout.socket().string());
  notify_ready();
  serve(requests, listener, client, stop.get());
}

void clean_up(const Config& config) {
  Host host(config);
  make_folders(host);
  const Descriptor lock = lock_run_folder(host.layout);
  const Descriptor outside(check(::open("/proc/self/ns/mnt", O_RDONLY | O_CLOEXEC), "open the mount namespace"));
  enter_mounts(host);
  {
    ExitEvents ends;
    Images images(host.config, host.layout);
    images.remove_leftovers();
    Networks networks(host);
    Instances instances(host, networks, images, ends);
    instances.adopt();
    instances.destroy_all();
    networks.remove();
  }
  host.cgroups.remove_all();
  join_mount_namespace(outside);
  drop_mount_namespace(host.layout.mount_keeper());
  remove_run_folder(host.layout);
}

}  // namespace berth::warden
