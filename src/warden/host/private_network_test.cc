// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/described.h"
#include "warden/files.h"
#include "warden/host/test_warden.h"

namespace berth::warden {
namespace {

using testing::HasSubstr;
using testing::Not;
using wire::Operation;

wire::InstanceSpec machine(const std::string& network, std::uint32_t position) {
  wire::InstanceSpec spec = small_spec();
  const std::vector<std::string> names = {"web", "db", "cache"};
  spec.hostname = names.at(position);
  spec.network = wire::MachineNetwork{.name = network, .position = position, .machines = names};
  return spec;
}

class PrivateNetwork : public ::testing::Test {
 protected:
  bool ping(const std::string& from, const std::string& to) {
    return warden.in_instance(from, "ping -c 1 -W 1 " + to).code == 0;
  }
  // A command as root of the host among an instance's links: more than its own root may do.
  Outcome in_network_of(const std::string& id, const std::string& command) {
    const std::string pid = read_file(warden.folder() + "/data/instances/" + id + "/pid");
    return run_command({"nsenter", "--net=/proc/" + pid + "/ns/net", "sh", "-c", command});
  }
  std::size_t networks() const {
    const std::filesystem::directory_iterator entries(warden.folder() + "/run/networks");
    return static_cast<std::size_t>(std::distance(entries, std::filesystem::directory_iterator()));
  }

  TestWarden warden;
  TestClient client = warden.client_with_image();
};

TEST_F(PrivateNetwork, LetsMachinesReachEachOtherByName) {
  client.create("one", machine("alpha", 0));
  client.create("two", machine("alpha", 1));
  EXPECT_EQ(warden.in_instance("two", "ip -4 -o address show lan0 | tr -s ' ' | cut -d' ' -f4; hostname -i").output,
            "192.168.77.11/24\n192.168.77.11\n");
  EXPECT_TRUE(ping("one", "db"));
  EXPECT_TRUE(ping("two", "web"));
  EXPECT_FALSE(ping("one", "cache")) << "it does not run";
  warden.in_instance("two", "nc -ll -p 7000 -e echo served >/dev/null 2>&1 &");
  EXPECT_TRUE(eventually([&] { return warden.in_instance("one", "nc -w 1 db 7000 </dev/null").output == "served\n"; }));
  // One that is started anew finds its place again.
  client.call(Operation::stop, "two");
  EXPECT_FALSE(ping("one", "db"));
  client.create("two", machine("alpha", 1));
  EXPECT_TRUE(ping("one", "db"));
}

TEST_F(PrivateNetwork, KeepsNetworksOfTheSameAddressesApart) {
  client.create("one", machine("alpha", 0));
  client.create("two", machine("alpha", 1));
  client.create("other", machine("beta", 0));
  EXPECT_TRUE(ping("one", "db"));
  EXPECT_FALSE(ping("other", "db"));
  // With every address of the others, and its own taken away, it still reaches none of them, nor gets what is theirs.
  EXPECT_EQ(in_network_of("other",
                          "ip address flush dev lan0; ip address add 192.168.77.11/24 dev lan0;"
                          "ip address add 192.168.77.12/24 dev lan0")
                .code,
            0);
  EXPECT_FALSE(ping("other", "192.168.77.10"));
  const std::string own = in_network_of("other", "cat /sys/class/net/lan0/address").output;
  EXPECT_FALSE(ping("one", "192.168.77.12"));
  EXPECT_TRUE(ping("one", "db"));
  EXPECT_THAT(in_network_of("one", "ip neighbour").output, Not(HasSubstr(own.substr(0, 17))));
}

TEST_F(PrivateNetwork, LeadsNowhereElse) {
  client.create("one", machine("alpha", 0));
  client.create("two", machine("alpha", 1));
  EXPECT_EQ(warden.in_instance("one", "ip -o link | cut -d: -f2 | cut -d@ -f1; ip route").output,
            " lo\n lan0\n192.168.77.0/24 dev lan0 scope link  src 192.168.77.10 \n");
  EXPECT_THAT(run_command({"sh", "-c", "ip -o address; ip route show table all"}).output,
              Not(HasSubstr("192.168.77.")));
  EXPECT_NE(run_command({"ping", "-c", "1", "-W", "1", "192.168.77.10"}).code, 0);
  // Even with a route to anywhere over the network nobody there passes anything on.
  EXPECT_EQ(in_network_of("one", "ip route add default via 192.168.77.11").code, 0);
  const std::string host =
      run_command({"sh", "-c", "ip -4 -o address show scope global | tr -s ' ' | cut -d' ' -f4"}).output;
  for (const std::string& address :
       {host.substr(0, host.find('/')), std::string("169.254.1.1"), std::string("192.168.77.1")}) {
    EXPECT_FALSE(ping("one", address)) << address;
  }
  EXPECT_THAT(warden.in_instance("one", "ip -6 -o address show scope global; ip -6 route").output,
              Not(HasSubstr("via")));
  EXPECT_EQ(warden.in_instance("one", "ip -6 -o address show scope global").output, "");
}

TEST_F(PrivateNetwork, GivesEachPositionOnce) {
  client.create("one", machine("alpha", 0));
  try {
    client.create("two", machine("alpha", 0));
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::conflict);
  }
  EXPECT_FALSE(client.status("two"));
  client.create("two", machine("alpha", 1));
  EXPECT_TRUE(ping("one", "db"));
}

TEST_F(PrivateNetwork, GoesWithItsLastMachine) {
  client.create("one", machine("alpha", 0));
  client.create("two", machine("alpha", 1));
  client.create("other", machine("beta", 0));
  EXPECT_EQ(networks(), 2U);
  client.call(Operation::destroy, "other");
  EXPECT_TRUE(eventually([&] { return networks() == 1; }));
  client.call(Operation::stop, "one");
  EXPECT_EQ(networks(), 1U);
  client.call(Operation::stop, "two");
  EXPECT_EQ(networks(), 0U);
  const std::string mounts =
      run_command({"nsenter", "--mount=" + warden.folder() + "/run/keep/mounts", "cat", "/proc/self/mountinfo"}).output;
  EXPECT_THAT(mounts, Not(HasSubstr("/run/networks/")));
}

TEST_F(PrivateNetwork, OutlivesTheWarden) {
  client.create("one", machine("alpha", 0));
  client.create("two", machine("alpha", 1));
  client.create("other", machine("beta", 0));
  warden.kill();
  EXPECT_TRUE(ping("one", "db"));
  const std::string pid = read_file(warden.folder() + "/data/instances/other/pid");
  run_command({"kill", "-9", pid});
  warden.start();
  TestClient again = warden.client();
  EXPECT_TRUE(eventually([&] { return networks() == 1; })) << "nobody is left in the other one";
  EXPECT_TRUE(ping("one", "db"));
  again.create("three", machine("alpha", 2));
  EXPECT_TRUE(ping("three", "web"));
  EXPECT_TRUE(ping("two", "cache"));
  for (const char* id : {"one", "two", "three"}) {
    again.call(Operation::destroy, id);
  }
  EXPECT_TRUE(eventually([&] { return networks() == 0; }));
}

TEST_F(PrivateNetwork, MayChangeAtAStart) {
  client.create("one", machine("alpha", 0));
  client.create("two", machine("alpha", 1));
  EXPECT_EQ(warden.in_instance("one", "grep 192.168.77 /etc/hosts").output,
            "192.168.77.10 web\n192.168.77.11 db\n192.168.77.12 cache\n");
  client.call(Operation::stop, "one");
  client.create("one", small_spec());
  EXPECT_EQ(warden.in_instance("one", "ip -o link | wc -l; grep -c 192.168.77 /etc/hosts").output, "1\n0\n");
}

TEST(PrivateNetworkAndEgress, IsNoWayToANeighboursEgress) {
  // Among links of its own, since egress changes settings of the host.
  const TestWarden warden({}, BERTH_STAND_IN_AGENT, {"unshare", "--net"});
  TestClient client = warden.client_with_image();
  wire::InstanceSpec with_egress = machine("alpha", 1);
  with_egress.egress = wire::Egress::full;
  client.create("one", machine("alpha", 0));
  client.create("two", with_egress);
  EXPECT_EQ(warden.in_instance("one", "ping -c 1 -W 1 db").code, 0);
  EXPECT_THAT(warden.in_instance("two", "ip route").output, HasSubstr("default via 169.254.1.1 dev eth0"));
  const std::string forwarding = "cat /proc/sys/net/ipv4/ip_forward /proc/sys/net/ipv4/conf/eth0/forwarding";
  EXPECT_EQ(warden.in_instance("two", forwarding).output, "0\n0\n");
}

}  // namespace
}  // namespace berth::warden
