// SPDX-License-Identifier: Apache-2.0
#include "cli/config.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <fstream>

#include "base/error.h"
#include "cli/temporary_folder.h"

namespace berth::cli {
namespace {

mode_t mode_of(const std::filesystem::path& path) {
  struct stat status{};
  EXPECT_EQ(::stat(path.c_str(), &status), 0);
  return status.st_mode & 07777;
}

class Config : public testing::Test {
 protected:
  TemporaryFolder folder;
  Environment environment = {{"XDG_CONFIG_HOME", folder.path() / "config"}};
  std::filesystem::path path = folder.path() / "config" / "berth" / "config.json";

  void save(const std::string& url) { save_login(path, {url, Secret("berth_stored")}); }
};

TEST_F(Config, a_login_is_kept_for_its_owner_alone) {
  ASSERT_EQ(config_path(environment), path);
  save("http://berth.example.org");
  EXPECT_EQ(mode_of(path), 0600U);
  EXPECT_EQ(mode_of(path.parent_path()), 0700U);
  const auto login = load_login(path);
  ASSERT_TRUE(login);
  EXPECT_EQ(login->url, "http://berth.example.org");
  EXPECT_EQ(login->token.reveal(), "berth_stored");
}

TEST_F(Config, without_a_file_it_is_the_default_server_and_nobody) {
  const Access access = find_access(environment);
  EXPECT_EQ(access.endpoint.url(), default_url);
  EXPECT_TRUE(access.token.reveal().empty());
}

TEST_F(Config, the_environment_goes_before_the_file) {
  save("http://berth.example.org");
  EXPECT_EQ(find_access(environment).token.reveal(), "berth_stored");
  environment["BERTH_TOKEN"] = "berth_other";
  EXPECT_EQ(find_access(environment).endpoint.url(), "http://berth.example.org");
  EXPECT_EQ(find_access(environment).token.reveal(), "berth_other");
  EXPECT_TRUE(find_access(environment).token_from_environment);
}

TEST_F(Config, a_stored_token_goes_to_no_server_but_its_own) {
  save("http://berth.example.org");
  environment["BERTH_URL"] = "http://elsewhere.example.org";
  EXPECT_TRUE(find_access(environment).token.reveal().empty());
  environment["BERTH_URL"] = "http://berth.example.org:80/";
  EXPECT_EQ(find_access(environment).token.reveal(), "berth_stored");
}

TEST_F(Config, signing_out_keeps_the_server) {
  save("http://berth.example.org");
  forget_login(path);
  EXPECT_EQ(find_access(environment).endpoint.url(), "http://berth.example.org");
  EXPECT_TRUE(find_access(environment).token.reveal().empty());
}

TEST_F(Config, a_damaged_file_is_named) {
  std::filesystem::create_directories(path.parent_path());
  std::ofstream(path) << "{\"url\": 1";
  try {
    find_access(environment);
    FAIL();
  } catch (const Error& error) {
    EXPECT_NE(std::string(error.what()).find(path.string()), std::string::npos) << error.what();
  }
}

TEST_F(Config, without_a_home_a_token_in_the_environment_is_enough) {
  EXPECT_EQ(find_access({{"BERTH_TOKEN", "berth_x"}}).endpoint.url(), default_url);
  EXPECT_THROW(config_path({}), Error);
}

}  // namespace
}  // namespace berth::cli
