// SPDX-License-Identifier: Apache-2.0
#include "warden/validate.h"

#include <gtest/gtest.h>

#include <functional>

#include "base/error.h"

namespace berth::warden {
namespace {

wire::InstanceSpec good_spec() {
  wire::InstanceSpec spec;
  spec.image = "busybox";
  spec.hostname = "box-1";
  return spec;
}

std::string refused_field(const wire::Request& request) {
  try {
    check_request(request);
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::invalid_argument);
    return error.field();
  }
  return "not refused";
}

std::string refused_in_spec(const std::function<void(wire::InstanceSpec&)>& change) {
  wire::Request request{.operation = wire::Operation::create, .id = "one", .spec = good_spec()};
  change(*request.spec);
  return refused_field(request);
}

TEST(Validate, TakesExactlyTheFieldsOfTheOperation) {
  using enum wire::Operation;
  EXPECT_EQ(refused_field({.operation = hello, .version = 1}), "not refused");
  EXPECT_EQ(refused_field({.operation = hello}), "version");
  EXPECT_EQ(refused_field({.operation = create, .id = "one", .spec = good_spec()}), "not refused");
  EXPECT_EQ(refused_field({.operation = create, .id = "one"}), "spec");
  EXPECT_EQ(refused_field({.operation = stop, .id = "one", .port = 1}), "port");
  EXPECT_EQ(refused_field({.operation = list, .name = "one"}), "name");
  EXPECT_EQ(refused_field({.operation = connect, .id = "one", .port = 80}), "not refused");
  EXPECT_EQ(refused_field({.operation = connect, .id = "one", .port = 0}), "port");
  EXPECT_EQ(refused_field({.operation = import_image, .name = "one"}), "form");
  EXPECT_EQ(refused_field({.operation = watch}), "not refused");
  EXPECT_EQ(refused_field({.operation = commit_image, .id = "one", .name = "top"}), "not refused");
  EXPECT_EQ(refused_field({.operation = commit_image, .id = "one"}), "name");
  EXPECT_EQ(refused_field({.operation = check, .id = "one"}), "check");
  EXPECT_EQ(refused_field({.operation = check, .id = "one", .check = wire::CheckSpec{}}), "not refused");
}

TEST(Validate, TakesNoNameThatCouldBeAPath) {
  for (const char* name : {"", "..", ".", "a/b", "/etc", "a..b", "A", "-x", "a b", "a\nb", ".hidden"}) {
    EXPECT_EQ(refused_field({.operation = wire::Operation::stop, .id = name}), "id") << name;
    EXPECT_EQ(refused_field({.operation = wire::Operation::remove_image, .name = name}), "name") << name;
    EXPECT_EQ(refused_in_spec([&](auto& spec) { spec.image = name; }), "spec.image") << name;
  }
  EXPECT_EQ(refused_field({.operation = wire::Operation::stop, .id = std::string(65, 'a')}), "id");
}

TEST(Validate, KeepsNumbersWithinBounds) {
  EXPECT_EQ(refused_in_spec([](auto&) {}), "not refused");
  EXPECT_EQ(refused_in_spec([](auto& spec) { spec.cpu_percent = 0; }), "spec.cpu_percent");
  EXPECT_EQ(refused_in_spec([](auto& spec) { spec.memory = 1_MiB; }), "spec.memory");
  EXPECT_EQ(refused_in_spec([](auto& spec) { spec.processes = 1; }), "spec.processes");
  EXPECT_EQ(refused_in_spec([](auto& spec) { spec.open_files = 1u << 30; }), "spec.open_files");
  EXPECT_EQ(refused_in_spec([](auto& spec) { spec.disk = {UINT64_MAX}; }), "spec.disk");
  EXPECT_EQ(refused_in_spec([](auto& spec) { spec.inodes = 0; }), "spec.inodes");
  EXPECT_EQ(refused_in_spec([](auto& spec) { spec.egress_kilobits = 0; }), "spec.egress_kilobits");
  EXPECT_EQ(refused_in_spec([](auto& spec) {
              spec.disk_kind = wire::DiskKind::disk;
              spec.disk = 2_MiB;
            }),
            "spec.disk");
}

TEST(Validate, BoundsTheServiceAndItsUser) {
  using namespace std::string_literals;
  EXPECT_EQ(refused_in_spec([](auto& spec) { spec.command = {"nc", "--", "-l", ""}; }), "not refused");
  EXPECT_EQ(refused_in_spec([](auto& spec) { spec.command = {""}; }), "spec.command");
  EXPECT_EQ(refused_in_spec([](auto& spec) { spec.command = {"a\0b"s}; }), "spec.command");
  EXPECT_EQ(refused_in_spec([](auto& spec) { spec.command = {std::string(wire::longest_command, 'a')}; }),
            "spec.command");
  EXPECT_EQ(refused_in_spec([](auto& spec) { spec.service_user = "1000:1000"; }), "not refused");
  for (const char* user : {"-u", "a b", "a\n"}) {
    EXPECT_EQ(refused_in_spec([&](auto& spec) { spec.service_user = user; }), "spec.service_user") << user;
  }
}

TEST(Validate, BoundsAChecksTimeAndMachines) {
  const auto refused = [](const wire::CheckSpec& check) {
    return refused_field({.operation = wire::Operation::check, .id = "one", .check = check});
  };
  EXPECT_EQ(refused({.seconds = 0}), "check.seconds");
  EXPECT_EQ(refused({.seconds = wire::most_check_seconds + 1}), "check.seconds");
  EXPECT_EQ(refused({.machines = {{"web", "one"}, {"db", "two"}}}), "not refused");
  EXPECT_EQ(refused({.inside = true, .machines = {{"web", "one"}}}), "check.machines");
  for (const char* name : {"", "..", "a/b", "-a", "Web", "a.b", "a b"}) {
    EXPECT_EQ(refused({.machines = {{name, "one"}}}), "check.machines") << name;
  }
  EXPECT_EQ(refused({.machines = {{"web", "../one"}}}), "check.machines");
  EXPECT_EQ(refused({.machines = std::vector<wire::CheckMachine>(9, {"web", "one"})}), "check.machines");
}

TEST(Validate, BoundsAPrivateNetwork) {
  const auto refused = [](const wire::MachineNetwork& network) {
    return refused_in_spec([&](auto& spec) { spec.network = network; });
  };
  EXPECT_EQ(refused({.name = "attempt-1", .position = 1, .machines = {"web", "db"}}), "not refused");
  for (const char* name : {"", "..", "a/b", "A", "a b", ".a", "a_b"}) {
    EXPECT_EQ(refused({.name = name, .machines = {"web"}}), "spec.network.name") << name;
  }
  EXPECT_EQ(refused({.name = std::string(65, 'a'), .machines = {"web"}}), "spec.network.name");
  EXPECT_EQ(refused({.name = "a", .position = 1, .machines = {"web"}}), "spec.network.position");
  for (const char* name : {"", "Web", "a b", "a\n10.0.0.1 bank", "localhost", "db"}) {
    EXPECT_EQ(refused({.name = "a", .machines = {"db", name}}), "spec.network.machines") << name;
  }
}

TEST(Validate, TakesOnlyPlainHostNames) {
  for (const char* name : {"", "-a", "a-", "a.b", "a b", "a\n", "ä", "$(id)"}) {
    EXPECT_EQ(refused_in_spec([&](auto& spec) { spec.hostname = name; }), "spec.hostname") << name;
  }
  EXPECT_EQ(refused_in_spec([](auto& spec) { spec.hostname = std::string(63, 'a'); }), "not refused");
  EXPECT_EQ(refused_in_spec([](auto& spec) { spec.hostname = std::string(64, 'a'); }), "spec.hostname");
}

}  // namespace
}  // namespace berth::warden
