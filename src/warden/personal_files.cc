// SPDX-License-Identifier: Apache-2.0
#include "warden/personal_files.h"

#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "warden/private_networks.h"
#include "warden/system_error.h"

namespace berth::warden {
namespace {

Descriptor open_inside(int root, const char* name, std::uint64_t flags) {
  open_how how{};
  how.flags = flags | O_CLOEXEC;
  how.resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS;
  return Descriptor(static_cast<int>(::syscall(SYS_openat2, root, name, &how, sizeof how)));
}

Descriptor open_etc(int root, UidRange owner) {
  Descriptor etc = open_inside(root, "etc", O_RDONLY | O_DIRECTORY);
  if (!etc && errno == ENOENT && ::mkdirat(root, "etc", 0755) == 0) {
    check(::fchownat(root, "etc", owner.first, owner.first, AT_SYMLINK_NOFOLLOW), "write the instance's /etc");
    etc = open_inside(root, "etc", O_RDONLY | O_DIRECTORY);
  }
  return etc;
}

void write_personal_file(int folder, const char* name, const std::string& text, UidRange owner) {
  if (::unlinkat(folder, name, 0) != 0 && errno != ENOENT) {
    log_line(std::string("an image has something unusual at /etc/") + name + "; it stays");
    return;
  }
  const Descriptor file(check(::openat(folder, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0644),
                              "write the instance's /etc"));
  write_all(file.get(), text);
  check(::fchmod(file.get(), 0644), "write the instance's /etc");
  check(::fchown(file.get(), owner.first, owner.first), "write the instance's /etc");
}

// In a private network a machine knows itself by the address that the others know, too.
std::string hosts_of(const wire::InstanceSpec& spec) {
  std::string hosts = "127.0.0.1 localhost\n::1 localhost ip6-localhost ip6-loopback\n";
  if (!spec.network) {
    return hosts + "127.0.1.1 " + spec.hostname + "\n";
  }
  const std::vector<std::string>& machines = spec.network->machines;
  for (std::uint32_t position = 0; position < machines.size(); ++position) {
    const bool is_itself = position == spec.network->position && machines[position] != spec.hostname;
    hosts += format_address(PrivateNetworks::address_of(position)) + " " + machines[position] +
             (is_itself ? " " + spec.hostname : "") + "\n";
  }
  return hosts;
}

}  // namespace

void write_personal_files(const path& root, const wire::InstanceSpec& spec, const std::vector<std::string>& resolvers,
                          UidRange owner) {
  const Descriptor top = open_path(root, O_DIRECTORY);
  const Descriptor etc = open_etc(top.get(), owner);
  if (!etc) {
    log_line("an image has no folder /etc; hostname and name servers are not written");
    return;
  }
  std::string servers;
  if (spec.egress == wire::Egress::none) {
    servers = "# This instance has no way to the world.\n";
  } else {
    for (const std::string& resolver : resolvers) {
      servers += "nameserver " + resolver + "\n";
    }
  }
  write_personal_file(etc.get(), "hostname", spec.hostname + "\n", owner);
  write_personal_file(etc.get(), "hosts", hosts_of(spec), owner);
  write_personal_file(etc.get(), "resolv.conf", servers, owner);
}

}  // namespace berth::warden
