// SPDX-License-Identifier: Apache-2.0
#include "agent/ports.h"

#include <gtest/gtest.h>

namespace berth::agent {
namespace {

constexpr const char* tcp =
    "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n"
    "   0: 0100007F:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 18 1 0 100 0 0 10 0\n"
    "   1: 00000000:0016 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 19 1 0 100 0 0 10 0\n"
    "   2: 00000000:0016 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 20 1 0 100 0 0 10 0\n"
    "   3: 0100007F:1F90 0100007F:9C40 01 00000000:00000000 00:00000000 00000000     0        0 21 1 0 20 4 30 10 -1\n";

TEST(Ports, lists_each_listening_socket_once) {
  wire::ListeningPorts found;
  add_listening_ports("tcp", tcp, 100, found);
  ASSERT_EQ(found.ports.size(), 2U);
  EXPECT_EQ(found.ports[0].address, "127.0.0.1");
  EXPECT_EQ(found.ports[0].port, 8080);
  EXPECT_EQ(found.ports[1].address, "0.0.0.0");
  EXPECT_EQ(found.ports[1].port, 22);
  EXPECT_EQ(found.ports[1].protocol, "tcp");
}

TEST(Ports, reads_the_words_of_an_ipv6_address) {
  wire::ListeningPorts found;
  add_listening_ports(
      "tcp6", " 0: 0000000000000000FFFF00000100007F:0050 0:0 0A\n 1: B80D0120000000000000000001000000:0051 0:0 0A", 100,
      found);
  ASSERT_EQ(found.ports.size(), 2U);
  EXPECT_EQ(found.ports[0].address, "::ffff:127.0.0.1");
  EXPECT_EQ(found.ports[1].address, "2001:db8::1");
}

TEST(Ports, skips_lines_of_another_form_and_stops_at_the_limit) {
  wire::ListeningPorts found;
  add_listening_ports("tcp", "\n\n0:\n0: 1 2 0A\n0: XXXXXXXX:0016 0 0A\n0: 00000000:FFFFF 0 0A\n0: 00000000 0 0A", 100,
                      found);
  EXPECT_TRUE(found.ports.empty());
  add_listening_ports("tcp", tcp, 1, found);
  EXPECT_EQ(found.ports.size(), 1U);
}

TEST(Ports, of_this_machine_fit_into_a_frame) {
  EXPECT_LE(wire::encode_payload(listening_ports()).size(), wire::max_payload);
}

}  // namespace
}  // namespace berth::agent
