// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "base/described.h"
#include "warden/files.h"
#include "warden/host/test_warden.h"

namespace berth::warden {
namespace {

using wire::Operation;

TEST(Confinement, GivesEachInstanceUidsOfItsOwn) {
  const TestWarden warden;
  TestClient client = warden.client_with_image();
  client.create("one", small_spec());
  client.create("two", small_spec());
  const std::string first = warden.in_instance("one", "cat /proc/self/uid_map").output;
  const std::string second = warden.in_instance("two", "cat /proc/self/uid_map").output;
  EXPECT_NE(first, second);
  EXPECT_EQ(first.find("0 0 4294967295"), std::string::npos);
  EXPECT_EQ(warden.in_instance("one", "cat /proc/self/gid_map").output, first);
  EXPECT_EQ(warden.in_instance("one", "stat -c %u:%g / /bin/busybox /etc/resolv.conf").output, "0:0\n0:0\n0:0\n");
}

TEST(Confinement, HidesInstancesFromEachOther) {
  const TestWarden warden({}, BERTH_REAL_AGENT);  // who may look at process 1 has what that has
  TestClient client = warden.client_with_image();
  client.create("one", small_spec());
  client.create("two", small_spec());
  for (const char* kind : {"user", "pid", "mnt", "net", "ipc", "uts", "cgroup"}) {
    const std::string ask = std::string("readlink /proc/1/ns/") + kind;
    const std::string outside = run_command({"readlink", std::string("/proc/1/ns/") + kind}).output;
    const std::string first = warden.in_instance("one", ask).output;
    const std::string second = warden.in_instance("two", ask).output;
    EXPECT_TRUE(first.find(":[") != std::string::npos && first != second && first != outside && second != outside)
        << kind << first << second << outside;
  }
  EXPECT_EQ(warden.in_instance("one", "echo secret >/root/file").code, 0);
  EXPECT_EQ(warden.in_instance("two", "test ! -e /root/file").code, 0);
  EXPECT_EQ(warden.in_instance("one", "ip -o link | wc -l").output, "1\n");
}

// Which gives up what the runtime leaves it.
TEST(Confinement, DropsCapabilitiesAndFiltersSystemCalls) {
  const TestWarden warden({}, BERTH_REAL_AGENT);
  TestClient client = warden.client_with_image();
  client.create("one", small_spec());
  const std::string status = warden.in_instance("one", "cat /proc/1/status").output;
  EXPECT_NE(status.find("CapBnd:\t00000000800425fb"), std::string::npos) << status;
  EXPECT_NE(status.find("CapEff:\t00000000800425fb"), std::string::npos);
  EXPECT_NE(status.find("CapAmb:\t0000000000000000"), std::string::npos);
  EXPECT_NE(status.find("Seccomp:\t2"), std::string::npos);
  EXPECT_NE(status.find("NoNewPrivs:\t0"), std::string::npos);
}

TEST(Confinement, RefusesWhatTheHostAloneMayDo) {
  const TestWarden warden;
  TestClient client = warden.client_with_image();
  client.create("one", small_spec());
  for (const char* forbidden : {"mount -t tmpfs none /mnt", "unshare -n true", "mknod /tmp/sda b 8 0", "hostname other",
                                "echo 1 >/proc/sys/kernel/panic", "cat /proc/kcore", "dmesg", "swapoff /dev/null",
                                "echo b >/proc/sysrq-trigger", "ip link add d type dummy"}) {
    EXPECT_NE(warden.in_instance("one", forbidden).code, 0) << forbidden;
  }
}

TEST(Confinement, SetsNoNewPrivilegesWhereAsked) {
  const TestWarden warden;
  TestClient client = warden.client_with_image();
  wire::InstanceSpec spec = small_spec();
  spec.no_new_privileges = true;
  client.create("one", spec);
  EXPECT_EQ(warden.in_instance("one", "grep NoNewPrivs /proc/1/status").output, "NoNewPrivs:\t1\n");
}

TEST(Confinement, MountsTheAgentSoThatNobodyInsideCanChangeIt) {
  const TestWarden warden;
  TestClient client = warden.client_with_image();
  client.create("one", small_spec());
  EXPECT_NE(warden.in_instance("one", "echo x >/.berth/agent").code, 0);
  EXPECT_NE(warden.in_instance("one", "rm -f /.berth/agent").code, 0);
  EXPECT_NE(warden.in_instance("one", "umount /.berth/agent").code, 0);
}

TEST(Confinement, RefusesMoreProcessesThanAllowed) {
  const TestWarden warden;
  TestClient client = warden.client_with_image();
  wire::InstanceSpec spec = small_spec();
  spec.processes = 16;
  client.create("one", spec);
  const Outcome outcome = warden.in_instance("one", "for i in $(seq 40); do sleep 1000 >/dev/null 2>&1 & done");
  EXPECT_NE(outcome.output.find("can't fork"), std::string::npos) << outcome.output;
  EXPECT_LE(client.usage("one").processes, 16U);
}

TEST(Confinement, ReportsWhatTheMemoryLimitKilled) {
  const TestWarden warden;
  TestClient client = warden.client_with_image();
  client.create("one", small_spec());
  EXPECT_FALSE(client.status("one")->out_of_memory);
  EXPECT_NE(warden.in_instance("one", "tail /dev/zero").code, 0);
  EXPECT_TRUE(client.status("one")->out_of_memory);
  EXPECT_GT(client.usage("one").out_of_memory_kills, 0U);
  client.call(Operation::stop, "one");
  EXPECT_TRUE(client.status("one")->out_of_memory);
  client.create("one", small_spec());
  EXPECT_FALSE(client.status("one")->out_of_memory);
}

TEST(Confinement, EndsADiskWithNoSpaceLeft) {
  const TestWarden warden;
  TestClient client = warden.client_with_image();
  for (const wire::DiskKind kind : {wire::DiskKind::memory, wire::DiskKind::disk}) {
    wire::InstanceSpec spec = small_spec();
    spec.disk_kind = kind;
    const std::string id(enum_name(kind));
    client.create(id, spec);
    const Outcome outcome = warden.in_instance(id, "dd if=/dev/zero of=/root/big bs=1M count=100; ls -l /root/big");
    EXPECT_NE(outcome.output.find("No space left on device"), std::string::npos) << outcome.output;
    EXPECT_LE(client.usage(id).disk, spec.disk);
    EXPECT_GE(client.usage(id).disk, 20_MiB);
    EXPECT_EQ(client.usage(id).disk_limit, spec.disk);
    const Outcome files = warden.in_instance(id, "rm /root/big; i=0; while touch /root/$i; do i=$((i+1)); done 2>&1");
    EXPECT_NE(files.output.find("No space left on device"), std::string::npos) << files.output;
  }
}

TEST(Confinement, WaitsForNoAgentThatTakesNoConnections) {
  const TestWarden warden;
  TestClient client = warden.client_with_image();
  client.create("one", small_spec());
  client.call(Operation::pause, "one");  // as good as hostile: it accepts nothing
  std::vector<Descriptor> waiting;
  try {
    for (int count = 0; count < 100; ++count) {
      client.call(Operation::agent, "one");
      waiting.push_back(client.take_descriptor());
    }
    FAIL() << "its queue has no end";
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::timed_out);
  }
  EXPECT_EQ(client.status("one")->activity, wire::InstanceActivity::paused);
}

TEST(Confinement, LimitsProcessorTimeAndOpenFiles) {
  const TestWarden warden;
  TestClient client = warden.client_with_image();
  wire::InstanceSpec spec = small_spec();
  spec.open_files = 100;
  spec.cpu_percent = 50;
  client.create("one", spec);
  EXPECT_EQ(warden.in_instance("one", "ulimit -n; ulimit -Hn").output, "100\n100\n");
  const std::uint64_t before = client.usage("one").cpu_microseconds;
  EXPECT_EQ(warden.in_instance("one", "i=0; while [ $i -lt 20000 ]; do i=$((i+1)); done").code, 0);
  EXPECT_GT(client.usage("one").cpu_microseconds, before);
  EXPECT_EQ(warden
                .in_instance("one",
                             "cat /sys/fs/cgroup/cpu/cpu.cfs_quota_us 2>/dev/null || "
                             "cut -d' ' -f1 /sys/fs/cgroup/cpu.max")
                .output,
            "50000\n");
}

}  // namespace
}  // namespace berth::warden
