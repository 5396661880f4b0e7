// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "base/bytes.h"
#include "base/clock.h"
#include "base/described.h"
#include "base/secret.h"

namespace berth {
namespace {

enum class Colour { red, dark_blue };
BOOST_DESCRIBE_ENUM(Colour, red, dark_blue)

struct Inner {
  std::uint16_t port = 0;
};
BOOST_DESCRIBE_STRUCT(Inner, (), (port))

struct Outer {
  std::string name;
  Colour colour = Colour::red;
  Bytes memory{};
  Seconds lifetime{};
  std::optional<std::string> note;
  std::vector<Inner> inner;
};
BOOST_DESCRIBE_STRUCT(Outer, (), (name, colour, memory, lifetime, note, inner))

std::string field_of_fault(std::string_view text, Missing missing = Missing::is_an_error) {
  try {
    read_json<Outer>(parse_json(text), missing);
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::invalid_argument);
    return error.field();
  }
  return "no fault";
}

TEST(Described, a_struct_survives_the_way_to_json_and_back) {
  const Outer outer{"a", Colour::dark_blue, 2_MiB, Seconds{90}, "n", {{80}, {443}}};
  const Outer back = read_json<Outer>(parse_json(print_json(to_json(outer))));
  EXPECT_EQ(back.colour, Colour::dark_blue);
  EXPECT_EQ(back.memory, 2_MiB);
  EXPECT_EQ(back.lifetime, Seconds{90});
  EXPECT_EQ(back.note, "n");
  ASSERT_EQ(back.inner.size(), 2U);
  EXPECT_EQ(back.inner[1].port, 443);
}

TEST(Described, a_fault_names_the_path_of_its_field) {
  EXPECT_EQ(field_of_fault(R"({"name":"a","colour":"red","memory":1,"lifetime":1,"inner":[{"port":70000}]})"),
            "inner[0].port");
  EXPECT_EQ(field_of_fault(R"({"nmae":"a"})", Missing::keeps_default), "nmae");
  EXPECT_EQ(field_of_fault(R"({"name":"a"})"), "colour");
  EXPECT_EQ(field_of_fault(R"({"colour":"green"})", Missing::keeps_default), "colour");
  EXPECT_EQ(field_of_fault(R"({"memory":-1})", Missing::keeps_default), "memory");
  EXPECT_EQ(field_of_fault(R"({"lifetime":"soon"})", Missing::keeps_default), "lifetime");
  EXPECT_EQ(field_of_fault("[]"), "");
}

TEST(Described, deep_nesting_is_refused_not_followed) { EXPECT_THROW(parse_json(std::string(100'000, '[')), Error); }

TEST(Units, durations_and_sizes_read_back_what_they_print) {
  for (const auto* text : {"90s", "5m", "1h30m", "2d"}) {
    EXPECT_EQ(format_duration(parse_duration(format_duration(parse_duration(text)))),
              format_duration(parse_duration(text)));
  }
  EXPECT_EQ(parse_duration("1h30m"), Seconds{5400});
  EXPECT_EQ(parse_duration("45"), Seconds{45});
  EXPECT_EQ(format_bytes(parse_bytes("512MiB")), "512MiB");
  for (const auto* wrong : {"", "m", "5x", "-1s", "1h1h", "1s1h", "99999999999999999999s", "1h30"}) {
    EXPECT_THROW(parse_duration(wrong), Error) << wrong;
  }
  for (const auto* wrong : {"", "MiB", "1MB", "-1", "99999999999TiB"}) {
    EXPECT_THROW(parse_bytes(wrong), Error) << wrong;
  }
}

TEST(Clock, times_are_rfc_3339_to_the_millisecond) {
  const TimePoint time = parse_time("2026-01-31T12:00:01.250Z");
  EXPECT_EQ(format_time(time), "2026-01-31T12:00:01.250Z");
  EXPECT_EQ(format_time(parse_time("2024-02-29T00:00:00Z")), "2024-02-29T00:00:00.000Z");
  for (const auto* wrong : {"2026-02-30T00:00:00Z", "2026-01-31 12:00:00Z", "2026-01-31T25:00:00Z", ""}) {
    EXPECT_THROW(parse_time(wrong), Error) << wrong;
  }
}

TEST(Ids, a_name_cannot_climb_out_of_a_folder) {
  EXPECT_TRUE(is_name("debian-12.1"));
  for (const auto* wrong : {"", ".", "..", "a/b", "a..b", "-a", "A", "a b", "a\n"}) {
    EXPECT_FALSE(is_name(wrong)) << wrong;
  }
}

TEST(Secret, a_token_is_known_by_its_hash_alone) {
  const Secret token = make_token();
  EXPECT_EQ(hash_token(token), hash_token(Secret(token.reveal())));
  EXPECT_NE(hash_token(token), hash_token(make_token()));
  EXPECT_EQ(hash_token(token).find(token.reveal()), std::string::npos);
  EXPECT_TRUE(token.equals(token.reveal()));
  EXPECT_FALSE(token.equals(token.reveal() + "x"));
}

}  // namespace
}  // namespace berth
