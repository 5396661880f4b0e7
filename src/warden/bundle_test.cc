// SPDX-License-Identifier: Apache-2.0
#include "warden/bundle.h"

#include <gtest/gtest.h>

#include "base/described.h"
#include "warden/reporting_program.h"

namespace berth::warden {
namespace {

BundleParts parts() {
  BundleParts parts{
      .cgroup = "/berth/one", .root = "/run/berth/stage/root", .agent = "/usr/bin/berth-agent", .owner = {0x10000000}};
  parts.spec.image = "busybox";
  parts.spec.hostname = "box";
  parts.spec.cpu_percent = 150;
  return parts;
}

std::string print(const boost::json::value& value) { return print_json(value); }

TEST(Bundle, StartsTheAgentWithTheImagesService) {
  BundleParts with = parts();
  with.image.command = {"nginx", "-g", "daemon off;"};
  with.image.environment = {"A=1"};
  with.image.directory = "/srv";
  with.image.user = "www";
  const auto process = make_bundle(with).at("process");
  EXPECT_EQ(
      print(process.at("args")),
      R"(["/.berth/agent","init","--filter","--directory","/srv","--user","www","--","nginx","-g","daemon off;"])");
  EXPECT_EQ(print(process.at("env")).find(R"(["A=1","PATH=/usr/local/sbin)"), 0U);
  with.image.environment = {"PATH=/bin"};
  EXPECT_EQ(print(make_bundle(with).at("process").at("env")), R"(["PATH=/bin"])");
  EXPECT_EQ(print(make_bundle(parts()).at("process").at("args")), R"(["/.berth/agent","init","--filter"])");
}

TEST(Bundle, StartsAnotherServiceAsAnotherUserWhenAsked) {
  BundleParts with = parts();
  with.image.command = {"nginx"};
  with.spec.command = {"nc", "-lk"};
  with.spec.service_user = "nobody";
  EXPECT_EQ(print(make_bundle(with).at("process").at("args")),
            R"(["/.berth/agent","init","--filter","--service-user","nobody","--","nc","-lk"])");
}

TEST(Bundle, MakesTheRootReadOnlyButForWhatProgramsNeed) {
  BundleParts with = parts();
  EXPECT_EQ(print(make_bundle(with)).find(R"("destination":"/tmp")"), std::string::npos);
  with.spec.read_only = true;
  const auto bundle = make_bundle(with);
  EXPECT_TRUE(bundle.at("root").at("readonly").as_bool());
  EXPECT_NE(print(bundle).find(R"("destination":"/tmp")"), std::string::npos);
}

TEST(Bundle, HasEveryNamespaceOfItsOwnAndItsUids) {
  const auto configuration = make_bundle(parts());
  const auto& linux = configuration.at("linux");
  EXPECT_EQ(linux.at("namespaces").as_array().size(), 7U);
  EXPECT_EQ(print(linux.at("uidMappings")), R"([{"containerID":0,"hostID":268435456,"size":65536}])");
  EXPECT_EQ(linux.at("uidMappings"), linux.at("gidMappings"));
  EXPECT_EQ(print(linux.at("cgroupsPath")), R"("/berth/one")");
}

TEST(Bundle, CarriesEveryLimit) {
  BundleParts with = parts();
  with.swap_accounting = true;
  with.spec.no_new_privileges = true;
  const auto configuration = make_bundle(with);
  const auto& resources = configuration.at("linux").at("resources");
  EXPECT_EQ(print(resources.at("memory")), R"({"limit":268435456,"swap":268435456})");
  EXPECT_EQ(print(resources.at("cpu")), R"({"shares":1024,"period":100000,"quota":150000})");
  EXPECT_EQ(print(resources.at("pids")), R"({"limit":256})");
  EXPECT_EQ(print(resources.at("devices")), R"([{"allow":false,"access":"rwm"}])");
  EXPECT_EQ(print(configuration.at("process").at("rlimits").as_array().at(0)),
            R"({"type":"RLIMIT_NOFILE","soft":1024,"hard":1024})");
  EXPECT_TRUE(configuration.at("process").at("noNewPrivileges").as_bool());
  EXPECT_EQ(print(make_bundle(parts()).at("linux").at("resources").at("memory")), R"({"limit":268435456})");
}

TEST(Bundle, GrantsNoCapabilityThatReachesTheHost) {
  const std::string capabilities = print(make_bundle(parts()).at("process").at("capabilities"));
  for (const char* dangerous :
       {"SYS_MODULE", "SYS_PTRACE", "NET_ADMIN", "SYS_RAWIO", "BPF", "MKNOD", "ambient", "inheritable"}) {
    EXPECT_EQ(capabilities.find(dangerous), std::string::npos) << dangerous;
  }
}

TEST(ReportingProgram, ReadsProgressLines) {
  EXPECT_DOUBLE_EQ(parse_progress("progress 0.4 installing packages")->fraction, 0.4);
  EXPECT_EQ(parse_progress("progress 0.4 installing packages")->note, "installing packages");
  EXPECT_EQ(parse_progress("progress 1")->note, "");
  EXPECT_FALSE(parse_progress("progress 1.5 too far"));
  EXPECT_FALSE(parse_progress("progress nan x"));
  EXPECT_FALSE(parse_progress("progress -1 x"));
  EXPECT_FALSE(parse_progress("Get:1 http://deb.debian.org"));
}

}  // namespace
}  // namespace berth::warden
