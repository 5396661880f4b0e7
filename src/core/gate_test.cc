// SPDX-License-Identifier: Apache-2.0
#include "core/gate.h"

#include <gtest/gtest.h>

#include "core/proof_of_work.h"

namespace berth::core {
namespace {

NetworkAddress at(const char* text) { return *NetworkAddress::parse(text); }

TEST(Gate, lets_in_whom_its_lists_allow_until_they_expire) {
  ManualClock clock;
  const TimePoint soon = clock.now() + Seconds{10};
  Gate gate({.allow = {{"192.0.2.0/24", {}}, {"198.51.100.1", soon}}, .deny = {{"192.0.2.7", soon}}}, clock);
  EXPECT_TRUE(gate.enter(at("192.0.2.1")));
  EXPECT_TRUE(gate.enter(at("198.51.100.1")));
  EXPECT_FALSE(gate.enter(at("192.0.2.7")));
  EXPECT_FALSE(gate.enter(at("203.0.113.1")));
  clock.advance(Seconds{10});
  EXPECT_FALSE(gate.enter(at("198.51.100.1")));
  EXPECT_TRUE(gate.enter(at("192.0.2.7")));
  EXPECT_EQ(gate.counts().denied, 3U);
  EXPECT_EQ(gate.counts().passed, 3U);
}

TEST(Gate, bounds_connections_of_one_address_and_of_one_token) {
  ManualClock clock;
  Gate gate({.allow = {}, .deny = {}, .most_per_address = 2, .most_per_token = 1}, clock);
  auto one = gate.enter(at("2001:db8::1"));
  const auto two = gate.enter(at("2001:db8::2"));  // of the same /64
  EXPECT_FALSE(gate.enter(at("2001:db8::3")));
  EXPECT_TRUE(gate.enter(at("2001:db8:0:1::3")));
  one.reset();
  EXPECT_TRUE(gate.enter(at("2001:db8::3")));
  const auto token = gate.enter_with_token("a");
  EXPECT_FALSE(gate.enter_with_token("a"));
  EXPECT_TRUE(gate.enter_with_token("b"));
  EXPECT_EQ(gate.counts().too_many, 2U);
}

TEST(Gate, asks_more_work_of_who_comes_often_and_forgives) {
  ManualClock clock;
  Gate gate({.allow = {}, .deny = {}, .proof_of_work = 10}, clock);
  const std::uint32_t first = gate.work_for(at("192.0.2.1"));
  EXPECT_EQ(first, 10U);
  std::uint32_t last = first;
  for (int visit = 0; visit < 64; ++visit) {
    const std::uint32_t now = gate.work_for(at("192.0.2.1"));
    EXPECT_GE(now, last);
    last = now;
  }
  EXPECT_GE(last, 17U);
  EXPECT_EQ(gate.work_for(at("192.0.2.2")), 10U);
  clock.advance(Seconds{600});
  EXPECT_EQ(gate.work_for(at("192.0.2.1")), 10U);
}

TEST(Gate, names_every_fault_of_its_settings) {
  EXPECT_EQ(faults_of(GateSettings{.allow = {{"x", {}}}, .deny = {{"192.0.2.0/40", {}}}, .proof_of_work = 40}).size(),
            3U);
  EXPECT_TRUE(faults_of(GateSettings{.allow = {{"::/0", {}}}, .deny = {}}).empty());
}

TEST(ProofOfWork, counts_the_zero_bits_that_sha256_begins_with) {
  // printf 'berth 528' | sha256sum: 004ee339940df4c58f4f839f11016cf2c6a9edb4af5b9c61e754180b30a0a833
  EXPECT_TRUE(is_solved({"berth", 9}, "528"));
  EXPECT_FALSE(is_solved({"berth", 10}, "528"));
  EXPECT_FALSE(is_solved({"berth", 9}, "529"));
}

TEST(ProofOfWork, takes_one_printable_word_as_an_answer) {
  const WorkChallenge free = new_challenge(0);
  EXPECT_TRUE(is_solved(free, std::string(64, 'a')));
  for (const std::string& answer : {std::string(), std::string(65, 'a'), std::string("a b"), std::string("a\n")}) {
    EXPECT_FALSE(is_solved(free, answer)) << answer;
  }
  EXPECT_EQ(free.line(), "berth-work 1 " + free.salt + " 0\n");
  EXPECT_NE(free.salt, new_challenge(0).salt);
}

}  // namespace
}  // namespace berth::core
