// SPDX-License-Identifier: Apache-2.0
#include "warden/firewall.h"

#include <gtest/gtest.h>

#include "base/error.h"
#include "warden/unpack_tar.h"

namespace berth::warden {
namespace {

TEST(Firewall, NamesItsTableLinksAndAddresses) {
  const Firewall firewall("lab", AddressBlock("10.50.0.0/16"), {"192.0.2.53", "192.0.2.54"});
  EXPECT_EQ(firewall.link_name(7), "lab-7");
  const std::string rules = firewall.rules();
  EXPECT_NE(rules.find("table inet lab {"), std::string::npos);
  EXPECT_NE(rules.find("elements = { 192.0.2.53, 192.0.2.54 }"), std::string::npos);
  EXPECT_NE(rules.find("ip saddr 10.50.0.0/16 oifname != \"lab-*\" masquerade"), std::string::npos);
  EXPECT_EQ(rules.find('@' + std::string("N")), std::string::npos);
}

TEST(Firewall, NeedsNoNameServers) {
  const std::string rules = Firewall("lab", AddressBlock("10.50.0.0/16"), {}).rules();
  EXPECT_NE(rules.find("set resolvers { type ipv4_addr;  }"), std::string::npos);
}

TEST(PlainName, IsBelowTheTop) {
  EXPECT_EQ(plain_name("./etc//passwd"), "etc/passwd");
  EXPECT_EQ(plain_name("etc/./passwd/"), "etc/passwd");
  EXPECT_EQ(plain_name("./"), "");
  EXPECT_EQ(plain_name("..."), "...");
  for (const char* name : {"/etc", "..", "../x", "a/..", "a/../../b", "./../x", "//x"}) {
    EXPECT_THROW(plain_name(name), Error) << name;
  }
  EXPECT_THROW(plain_name(std::string(5000, 'a')), Error);
}

}  // namespace
}  // namespace berth::warden
