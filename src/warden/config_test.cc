// SPDX-License-Identifier: Apache-2.0
#include "warden/config.h"

#include <gtest/gtest.h>

#include "base/error.h"
#include "warden/address_block.h"
#include "warden/user_namespace.h"

namespace berth::warden {
namespace {

std::string refused_field(const std::string& toml) {
  try {
    check_config(parse_config(toml));
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::invalid_argument);
    return error.field();
  }
  return "not refused";
}

TEST(Config, TakesItsDefaultsForWhatTheFileLeavesOut) {
  const Config config = parse_config("name = \"lab\"\nresolvers = [\"192.0.2.1\"]\nlargest_image = \"1GiB\"\n");
  EXPECT_EQ(config.name, "lab");
  EXPECT_EQ(config.resolvers, std::vector<std::string>{"192.0.2.1"});
  EXPECT_EQ(config.largest_image, 1_GiB);
  EXPECT_EQ(config.data_dir, Config{}.data_dir);
  check_config(config);
  check_config(Config{});
}

TEST(Config, RefusesUnknownKeysAndWrongTypesWithTheirPath) {
  EXPECT_EQ(refused_field("colour = 1"), "colour");
  EXPECT_EQ(refused_field("name = 1"), "name");
  EXPECT_EQ(refused_field("resolvers = [\"9.9.9.9\", 7]"), "resolvers[1]");
  EXPECT_EQ(refused_field("[name]\nlong = 1"), "name");
  EXPECT_THROW(parse_config("name = "), Error);
}

TEST(Config, RefusesValuesOutOfBounds) {
  EXPECT_EQ(refused_field("name = \"Berth\""), "name");
  EXPECT_EQ(refused_field("name = \"toolongname\""), "name");
  EXPECT_EQ(refused_field("name = \"a/b\""), "name");
  EXPECT_EQ(refused_field("data_dir = \"var/lib\""), "data_dir");
  EXPECT_EQ(refused_field("data_dir = \"/var/a:b\""), "data_dir");
  EXPECT_EQ(refused_field("run_dir = \"/run/a,b\""), "run_dir");
  EXPECT_EQ(refused_field("first_uid = 1000"), "first_uid");
  EXPECT_EQ(refused_field("first_uid = 65537"), "first_uid");
  EXPECT_EQ(refused_field("resolvers = [\"dns.example\"]"), "resolvers");
  EXPECT_EQ(refused_field("network = \"100.64.0.0\""), "network");
  EXPECT_EQ(refused_field("network = \"100.64.0.1/10\""), "network");
  EXPECT_EQ(refused_field("network = \"100.64.0.0/29\""), "network");
  EXPECT_EQ(refused_field("network = \"fd00::/64\""), "network");
}

TEST(AddressBlock, GivesEachIndexAnAddressInside) {
  const AddressBlock block("192.0.2.0/28");
  EXPECT_EQ(block.size(), 14U);
  EXPECT_EQ(format_address(block.at(0)), "192.0.2.1");
  EXPECT_EQ(format_address(block.at(block.size() - 1)), "192.0.2.14");
  EXPECT_EQ(block.text(), "192.0.2.0/28");
  EXPECT_EQ(AddressBlock("100.64.0.0/10").size(), (1U << 22) - 2);
  EXPECT_EQ(parse_address("10.0.0.1"), 0x0a000001U);
  EXPECT_EQ(parse_address("10.0.0.256"), std::nullopt);
}

TEST(UidRange, NeverOverlapsAndStaysBelowTheSignBit) {
  const std::uint32_t first = Config{}.first_uid;
  EXPECT_EQ(UidRange::of(first, 0).first, first);
  EXPECT_EQ(UidRange::of(first, 1).first, first + UidRange::size);
  const std::uint64_t last = UidRange::of(first, UidRange::count(first) - 1).first + std::uint64_t{UidRange::size} - 1;
  EXPECT_LT(last, 0x80000000U);
}

}  // namespace
}  // namespace berth::warden
