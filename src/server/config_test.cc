// SPDX-License-Identifier: Apache-2.0
#include "server/config.h"

#include <gmock/gmock.h>

#include <fstream>

#include "base/described.h"
#include "server/tls.h"

namespace berth::server {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

class ConfigFile : public ::testing::Test {
 protected:
  std::string path_ = ::testing::TempDir() + "/berth-config-" + random_name(8) + ".toml";
  ~ConfigFile() override { std::filesystem::remove(path_); }
  Config read(const std::string& text) {
    std::ofstream(path_) << text;
    return read_config(path_);
  }
  std::string field_at_fault(const std::string& text) {
    try {
      read(text);
    } catch (const Error& error) {
      return error.field();
    }
    return "no fault";
  }
};

TEST_F(ConfigFile, what_is_printed_reads_back_as_the_same) {
  const Config defaults;
  EXPECT_EQ(print_json(to_json(read(print_config(defaults)))), print_json(to_json(defaults)));
}

TEST_F(ConfigFile, an_unknown_key_is_an_error_with_its_path) {
  EXPECT_EQ(field_at_fault("[limits]\nmost_actve = 3\n"), "limits.most_actve");
  EXPECT_EQ(field_at_fault("[[plan]]\nname = \"a\"\nmemory = \"lots\"\n"), "plan[0].memory");
}

TEST_F(ConfigFile, plans_of_the_file_replace_the_defaults) {
  const Config config = read("[[plan]]\nname = \"only\"\nmemory = \"64MiB\"\nlifetime = \"10m\"\n");
  ASSERT_EQ(config.plan.size(), 1U);
  EXPECT_EQ(config.plan[0].memory, 64_MiB);
  EXPECT_EQ(config.plan[0].lifetime, Seconds{600});
  EXPECT_TRUE(faults_of(config).empty());
}

TEST(ConfigCheck, tells_all_faults_at_once) {
  Config config;
  config.listen = "nowhere";
  config.plan[0].memory = 1_MiB;
  config.plan[1].name = config.plan[0].name;
  EXPECT_EQ(faults_of(config).size(), 3U);
}

constexpr const char* one_service = R"(
[[pool]]
image = "busybox"
plan = "small"
least = 1
most = 3
[[service]]
name = "echo"
listen = "127.0.0.1:7000"
image = "busybox"
command = ["nc", "-lk", "-p", "1337", "-e", "cat"]
port = 1337
plan = "small"
mode = "token"
tokens_file = "tokens"
idle_limit = "5m"
total_limit = "1h"
deny = ["192.0.2.0/24 until 2030-01-31T12:00:00Z"]
)";

TEST_F(ConfigFile, services_and_pools_are_read_and_printed) {
  const Config config = read(one_service);
  ASSERT_EQ(config.service.size(), 1U);
  EXPECT_EQ(config.service[0].command.size(), 6U);
  EXPECT_EQ(config.service[0].idle_limit, Seconds{300});
  EXPECT_EQ(config.folder, std::filesystem::path(path_).parent_path());
  EXPECT_EQ(faults_of(config), std::vector<std::string>());
  EXPECT_EQ(print_json(to_json(read(print_config(config)))), print_json(to_json(config)));
}

TEST_F(ConfigFile, every_fault_of_a_service_is_told) {
  Config config = read(one_service);
  config.service[0].plan = "huge";
  config.service[0].listen = "nowhere";
  config.service[0].port = 0;
  config.service[0].tokens_file.clear();
  config.service[0].idle_limit = Seconds{7200};
  config.service[0].allow = {"everybody"};
  config.service.push_back(config.service[0]);
  config.service[1] = read(one_service).service[0];
  config.pool[0].plan = "huge";
  EXPECT_EQ(faults_of(config).size(), 8U);
  config = read(one_service);
  config.service[0].deny = {"192.0.2.0/24 until soon"};
  EXPECT_EQ(faults_of(config).size(), 1U);
}

TEST_F(ConfigFile, with_tls_is_printed_and_reads_back_as_the_same) {
  const Config config = read(
      "[tls]\nlisten = \"[::]:443\"\nproxy_protocol = true\nhandshake_limit = \"3s\"\n[[tls.certificate]]\ncertificate "
      "= \"a\"\nkey = \"b\"\n"
      "[[service]]\nname = \"echo\"\ntls_names = [\"one.example\", \"two.example\"]\n");
  EXPECT_TRUE(config.tls.proxy_protocol);
  EXPECT_EQ(config.tls.handshake_limit, Seconds{3});
  EXPECT_EQ(config.service[0].tls_names.size(), 2U);
  const Config again = read(print_config(config));
  EXPECT_TRUE(print_json(to_json(again)) == print_json(to_json(config)));
}

TEST_F(ConfigFile, tells_what_is_wrong_with_the_authorities_of_webhooks) {
  const std::filesystem::path file = path_ + ".pem";
  const std::string name = file.filename();  // relative to the configuration's folder
  const Config config = read("[webhooks]\nca_file = \"" + name + "\"\n");
  EXPECT_EQ(read(print_config(config)).webhooks.ca_file, name);
  EXPECT_THAT(faults_of(config), ElementsAre(HasSubstr(name + " cannot be read")));
  std::ofstream(file) << "no certificate";
  EXPECT_THAT(faults_of(config), ElementsAre(HasSubstr(name + " has no certificate in PEM form")));
  std::ofstream(file) << "-----BEGIN CERTIFICATE-----\n";
  EXPECT_TRUE(faults_of(config).empty());
  std::filesystem::remove(file);
}

TEST(ConfigCheck, tells_what_is_wrong_with_tls) {
  Config config;
  config.service.resize(2);
  for (core::ServiceDefinition& service : config.service) {
    service = {.name = "echo", .tls_names = {"One.example", "two.example"}};
  }
  // Twice a name in capital letters, once the same name twice, twice names without an address.
  EXPECT_EQ(faults_of_tls(config).size(), 5U);
  config.tls.listen = "nowhere";
  EXPECT_EQ(faults_of_tls(config).size(), 5U);  // and now the address, and no certificate
  config.tls = {.listen = "127.0.0.1:443", .handshake_limit = Seconds{0}, .certificate = {{"/no/pem", "/no/key"}}};
  EXPECT_EQ(faults_of_tls(config).size(), 5U);
}

TEST(ConfigCheck, tells_what_is_wrong_with_the_room_of_services_made_by_api) {
  Config config;
  EXPECT_TRUE(faults_of(config).empty());
  config.services = {.listen = {"127.0.0.1", "localhost"}, .ports = "80"};
  EXPECT_EQ(faults_of(config).size(), 1U);
  EXPECT_EQ(parse_ports("80").last, 80);
  EXPECT_EQ(parse_ports("7000-7999").first, 7000);
  for (const auto* wrong : {"", "0-80", "7001-7000", "7000-", "-7000", "70000", "7000-7001-7002", "http"}) {
    config.services.ports = wrong;
    EXPECT_EQ(faults_of(config).size(), 2U) << wrong;
  }
}

TEST(Address, takes_host_and_port) {
  EXPECT_EQ(parse_address("[::1]:80").host, "::1");
  EXPECT_EQ(parse_address("127.0.0.1:0").port, 0);
  for (const auto* wrong : {"", ":80", "localhost", "a:b", "a:70000"}) {
    EXPECT_THROW(parse_address(wrong), Error) << wrong;
  }
}

}  // namespace
}  // namespace berth::server
