// SPDX-License-Identifier: Apache-2.0
#include "warden/launch.h"

#include "base/described.h"
#include "warden/agent_socket.h"
#include "warden/bundle.h"
#include "warden/idmapped_mount.h"
#include "warden/image_layers.h"
#include "warden/mount_namespace.h"
#include "warden/network_namespace.h"
#include "warden/personal_files.h"
#include "warden/spawn.h"
#include "warden/system_error.h"

namespace berth::warden {
namespace {

void write_bundle(const Host& host, const InstanceRecord& record, const wire::ImageStatus& image) {
  const BundleParts parts{.cgroup = host.cgroups.path_of(record.id),
                          .root = host.layout.root(),
                          .agent = host.config.agent,
                          .owner = UidRange{record.first_uid},
                          .spec = record.spec,
                          .image = image,
                          .swap_accounting = host.cgroups.limits_swap()};
  replace_file(host.layout.instance(record.id) / "config.json", print_json(make_bundle(parts)));
}

pid_t create_container(const Host& host, const InstanceRecord& record, bool personalize, int listener) {
  const Layout& layout = host.layout;
  const UidRange owner{record.first_uid};
  const Descriptor user_namespace = make_user_namespace(owner);
  pid_t pid = 0;
  const path disk = layout.instance(record.id) / "disk";
  const Descriptor disk_mount = copy_mount(disk);
  // The container keeps its own copy of these mounts; ours end with the thread.
  with_private_mounts(host.bare_mounts, [&] {
    place_mount(disk_mount, disk);
    const std::string lowers = mount_layers(layout, image_layers(layout, record.spec.image), user_namespace.get());
    mount_overlay(lowers, disk, layout.root());
    if (personalize) {
      write_personal_files(layout.root(), record.spec, host.config.resolvers, owner);
    }
    pid = host.runtime.create(record.id, layout.instance(record.id), {listener, host.seccomp_filter.get()});
  });
  return pid;
}

}  // namespace

DiskPlace disk_place(const Layout& layout, const std::string& id) {
  return {layout.instance(id) / "disk", layout.instance(id) / "disk.ext4"};
}

Launched launch(const Host& host, Networks& networks, const InstanceRecord& record, const wire::ImageStatus& image,
                bool renewed) {
  const Layout& layout = host.layout;
  const bool fresh =
      mount_disk(record.spec, disk_place(layout, record.id), layout.templates(), UidRange{record.first_uid});
  write_bundle(host, record, image);
  const Descriptor listener = listen_for_agent(layout.agents(), record.id);
  try {
    const pid_t pid = create_container(host, record, fresh || renewed, listener.get());
    Launched launched{describe_process(pid), open_process(pid)};
    check(launched.pidfd.get(), "watch the instance");
    networks.connect(record, [&] { return open_network_namespace(pid, launched.pidfd); });
    host.runtime.start(record.id, layout.instance(record.id));
    return launched;
  } catch (...) {
    end_run(host, networks, record);
    throw;
  }
}

void clear_run(const Host& host, Networks& networks, const InstanceRecord& record) {
  networks.disconnect(record);
  host.runtime.remove(record.id, host.layout.instance(record.id));
  remove_agent_socket(host.layout.agents(), record.id);
}

void end_run(const Host& host, Networks& networks, const InstanceRecord& record) {
  try {
    networks.disconnect(record);
    host.runtime.remove_forcibly(record.id, host.layout.instance(record.id));
  } catch (const Error& fault) {
    log_line("instance " + record.id + ": " + fault.what());
  }
  host.cgroups.remove(record.id);
  remove_agent_socket(host.layout.agents(), record.id);
}

}  // namespace berth::warden
