// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "base/described.h"
#include "base/ids.h"
#include "warden/files.h"
#include "warden/host/test_warden.h"

namespace berth::warden {
namespace {

using wire::Operation;

// Two network namespaces: one is the warden's host, the other all the rest of the world, with a public address, a
// private one, and a server on each of a few ports.
class World {
 public:
  World() : name_("berth-w" + random_name(5)) {
    ip({"netns", "add", host()});
    ip({"netns", "add", world()});
    ip({"-n", host(), "link", "add", "up0", "type", "veth", "peer", "name", "up0", "netns", world()});
    // A new namespace begins with the settings of the host, which other programs change.
    run_inside(host(), "echo 0 > /proc/sys/net/ipv4/ip_forward");
    for (const std::string& name : {host(), world()}) {
      ip({"-n", name, "link", "set", "lo", "up"});
      ip({"-n", name, "link", "set", "up0", "up"});
    }
    ip({"-n", host(), "address", "add", "203.0.113.2/24", "dev", "up0"});
    ip({"-n", world(), "address", "add", "203.0.113.1/24", "dev", "up0"});
    for (const char* address : {"192.0.2.53/32", "10.1.2.3/32", "169.254.169.254/32"}) {
      ip({"-n", world(), "address", "add", address, "dev", "lo"});
    }
    ip({"-n", host(), "route", "add", "default", "via", "203.0.113.1"});
    serve(world(), 80, {"echo", "served"});
    serve(world(), 53, {"echo", "served"});
    serve(world(), 9, {"dd", "of=/dev/null"});
    serve(host(), 8080, {"echo", "served"});
  }
  ~World() {
    servers_.clear();
    ip({"netns", "delete", host()});
    ip({"netns", "delete", world()});
  }
  World(const World&) = delete;
  World& operator=(const World&) = delete;

  std::string host() const { return name_ + "h"; }
  std::string world() const { return name_ + "w"; }
  static std::vector<std::string> inside(const std::string& name) { return {"nsenter", "--net=/run/netns/" + name}; }
  static Outcome run_inside(const std::string& name, const std::string& command) {
    std::vector<std::string> words = inside(name);
    words.insert(words.end(), {"sh", "-c", command});
    return run_command(words);
  }

 private:
  static void ip(std::vector<std::string> words) {
    words.insert(words.begin(), "ip");
    const Outcome outcome = run_command(words);
    ASSERT_EQ(outcome.code, 0) << outcome.output;
  }
  // Runs a program for each connection, and waits until it is ready to.
  void serve(const std::string& name, int port, const std::vector<std::string>& program) {
    std::vector<std::string> words = inside(name);
    words.insert(words.end(), {"busybox", "nc", "-ll", "-p", std::to_string(port), "-e"});
    words.insert(words.end(), program.begin(), program.end());
    servers_.emplace_back(Program{.command = words});
    EXPECT_TRUE(eventually([&] {
      return run_inside(name, "ss -Hltn sport = :" + std::to_string(port)).output.find("LISTEN") != std::string::npos;
    }));
  }

  std::string name_;
  std::vector<Child> servers_;
};

wire::InstanceSpec spec_with(wire::Egress egress) {
  wire::InstanceSpec spec = small_spec();
  spec.egress = egress;
  return spec;
}

// What a TCP connection from inside an instance gets: "served", or nothing.
std::string ask(const TestWarden& warden, const std::string& id, const std::string& address, int port) {
  const std::string number = std::to_string(port);
  std::string output = warden.in_instance(id, "nc -w 1 " + address + " " + number + " </dev/null 2>/dev/null").output;
  return output.substr(0, output.find('\n'));
}

bool ping(const TestWarden& warden, const std::string& id, const std::string& address) {
  return warden.in_instance(id, "ping -c 1 -W 1 " + address).code == 0;
}

std::string address_of(const TestWarden& warden, const std::string& id) {
  const std::string output = warden.in_instance(id, "ip -4 -o address show eth0 | tr -s ' ' | cut -d' ' -f4").output;
  return output.substr(0, output.find('/'));
}

class Network : public ::testing::Test {
 protected:
  World world;
  TestWarden warden{{"--network", "100.99.0.0/24", "--resolver", "192.0.2.53", "--resolver", "10.1.2.3"},
                    BERTH_STAND_IN_AGENT,
                    World::inside(world.host())};
  TestClient client = warden.client_with_image();
};

TEST_F(Network, GivesFullEgressTheWorldButNothingPrivate) {
  client.create("one", spec_with(wire::Egress::full));
  EXPECT_EQ(ask(warden, "one", "203.0.113.1", 80), "served");
  EXPECT_TRUE(ping(warden, "one", "203.0.113.1"));
  EXPECT_EQ(ask(warden, "one", "192.0.2.53", 53), "served");
  EXPECT_EQ(warden.in_instance("one", "cat /etc/resolv.conf").output, "nameserver 192.0.2.53\nnameserver 10.1.2.3\n");
  // A name server that the operator named may be private; nothing else there may be reached.
  EXPECT_EQ(ask(warden, "one", "10.1.2.3", 53), "served");
  EXPECT_EQ(ask(warden, "one", "10.1.2.3", 80), "");
  EXPECT_FALSE(ping(warden, "one", "10.1.2.3"));
  EXPECT_EQ(ask(warden, "one", "169.254.169.254", 80), "");
  const wire::Usage usage = client.usage("one");
  EXPECT_GT(usage.sent, 0_KiB);
  EXPECT_GT(usage.received, 0_KiB);
}

TEST_F(Network, KeepsInstancesFromTheHostAndFromEachOther) {
  client.create("one", spec_with(wire::Egress::full));
  client.create("two", spec_with(wire::Egress::full));
  for (const char* address : {"203.0.113.2", "169.254.1.1", "127.0.0.1"}) {
    EXPECT_EQ(ask(warden, "one", address, 8080), "") << address;
  }
  EXPECT_FALSE(ping(warden, "one", "203.0.113.2"));
  EXPECT_FALSE(ping(warden, "one", "169.254.1.1"));
  EXPECT_EQ(World::run_inside(world.host(), "busybox nc -w 1 127.0.0.1 8080 </dev/null").output, "served\n");
  const std::string other = address_of(warden, "two");
  EXPECT_TRUE(other.starts_with("100.99.0.")) << other;
  EXPECT_NE(other, address_of(warden, "one"));
  EXPECT_EQ(warden.in_instance("two", "nc -ll -p 7000 -e echo served >/dev/null 2>&1 &").code, 0);
  EXPECT_TRUE(eventually([&] { return ask(warden, "two", "127.0.0.1", 7000) == "served"; }));
  EXPECT_EQ(ask(warden, "one", other, 7000), "");
  EXPECT_FALSE(ping(warden, "one", other));
}

TEST_F(Network, GivesDnsAndIcmpNoMoreThanThat) {
  client.create("one", spec_with(wire::Egress::dns_icmp));
  EXPECT_EQ(ask(warden, "one", "192.0.2.53", 53), "served");
  EXPECT_TRUE(ping(warden, "one", "203.0.113.1"));
  EXPECT_EQ(ask(warden, "one", "203.0.113.1", 80), "");
  EXPECT_FALSE(ping(warden, "one", "10.1.2.3"));
}

TEST_F(Network, GivesNoEgressNothingAtAll) {
  client.create("one", spec_with(wire::Egress::none));
  EXPECT_EQ(warden.in_instance("one", "ip -o link | cut -d: -f2").output, " lo\n");
  EXPECT_EQ(ask(warden, "one", "203.0.113.1", 80), "");
  EXPECT_EQ(warden.in_instance("one", "grep -c nameserver /etc/resolv.conf").output, "0\n");
  EXPECT_EQ(World::run_inside(world.host(), "nft list tables").output, "");
  EXPECT_EQ(client.usage("one").sent, 0_KiB);
}

TEST_F(Network, DropsForgedSenders) {
  client.create("one", spec_with(wire::Egress::full));
  client.create("two", spec_with(wire::Egress::full));
  const std::string pid = read_file(warden.folder() + "/data/instances/one/pid");
  // Root in the instance may not change its addresses; the test may, which is worse.
  const std::string command =
      "nsenter --net=/proc/" + pid + "/ns/net ip address add " + address_of(warden, "two") + "/32 dev eth0";
  EXPECT_EQ(run_command({"sh", "-c", command}).code, 0);
  EXPECT_TRUE(ping(warden, "one", "203.0.113.1"));
  EXPECT_NE(warden.in_instance("one", "ping -c 1 -W 1 -I " + address_of(warden, "two") + " 203.0.113.1").code, 0);
}

TEST_F(Network, LimitsTheRateOfFullEgress) {
  const auto sent_in_two_seconds = [&](const std::string& id, std::uint32_t kilobits) {
    wire::InstanceSpec spec = spec_with(wire::Egress::full);
    spec.egress_kilobits = kilobits;
    client.create(id, spec);
    warden.in_instance(id, "head -c 20m /dev/zero | timeout 2 nc 203.0.113.1 9");
    return client.usage(id).sent;
  };
  // 100 kB/s and a burst of 64 KiB, and what TCP sends in vain; without a limit it is all 20 MiB.
  EXPECT_LT(sent_in_two_seconds("slow", 800), 2_MiB);
  EXPECT_GT(sent_in_two_seconds("fast", 100'000'000), 4_MiB);
}

TEST_F(Network, RefusesAnswersThatWereNotAskedFor) {
  client.create("one", spec_with(wire::Egress::full));
  EXPECT_EQ(warden.in_instance("one", "nc -ll -p 7000 -e echo served >/dev/null 2>&1 &").code, 0);
  const std::string address = address_of(warden, "one");
  EXPECT_EQ(run_command({"ip", "-n", world.world(), "route", "add", address + "/32", "via", "203.0.113.2"}).code, 0);
  EXPECT_TRUE(eventually([&] { return ask(warden, "one", "127.0.0.1", 7000) == "served"; }));
  const std::string asked = World::run_inside(world.world(), "busybox nc -w 1 " + address + " 7000 </dev/null").output;
  EXPECT_EQ(asked.find("served"), std::string::npos);
}

TEST_F(Network, ComesBackWithTheWarden) {
  client.create("one", spec_with(wire::Egress::full));
  client.create("two", spec_with(wire::Egress::dns_icmp));
  warden.kill();
  EXPECT_EQ(ask(warden, "one", "203.0.113.1", 80), "served");
  warden.start();
  EXPECT_EQ(ask(warden, "one", "203.0.113.1", 80), "served");
  EXPECT_EQ(ask(warden, "two", "203.0.113.1", 80), "");
  TestClient again = warden.client();
  again.call(Operation::stop, "one");
  again.create("one", spec_with(wire::Egress::full));
  EXPECT_EQ(ask(warden, "one", "203.0.113.1", 80), "served");
  again.call(Operation::stop, "one");
  again.create("one", spec_with(wire::Egress::none));  // a plan may change at a restart
  EXPECT_EQ(warden.in_instance("one", "ip -o link | wc -l; grep -c nameserver /etc/resolv.conf").output, "1\n0\n");
}

TEST_F(Network, LeavesNothingBehind) {
  const std::string forwarding = "cat /proc/sys/net/ipv4/conf/up0/forwarding";
  client.create("one", spec_with(wire::Egress::full));
  EXPECT_NE(World::run_inside(world.host(), "nft list tables; ip -o link").output.find(warden.name()),
            std::string::npos);
  EXPECT_EQ(World::run_inside(world.host(), forwarding).output, "1\n");
  client.call(Operation::destroy, "one");
  EXPECT_TRUE(eventually(
      [&] { return World::run_inside(world.host(), "ip -o link").output.find(warden.name()) == std::string::npos; }));
  EXPECT_EQ(World::run_inside(world.host(), "nft list table inet " + warden.name()).output.find(warden.name() + "-1\""),
            std::string::npos);
  EXPECT_EQ(warden.stop(), 0);
  EXPECT_EQ(warden.clean_up().code, 0);
  EXPECT_EQ(World::run_inside(world.host(), "nft list tables").output, "");
  EXPECT_EQ(World::run_inside(world.host(), forwarding).output, "0\n");
  EXPECT_EQ(World::run_inside(world.host(), "cat /proc/sys/net/ipv4/ip_forward").output, "0\n");
}

}  // namespace
}  // namespace berth::warden
