// SPDX-License-Identifier: Apache-2.0
#include "doors/tcp/renewals.h"

#include <gmock/gmock.h>

#include <boost/asio/io_context.hpp>
#include <filesystem>
#include <optional>
#include <string>

#include "async/task_group.h"
#include "async/time_limit.h"
#include "async/trigger.h"
#include "doors/tcp/test_certificates.h"

namespace berth::doors::tcp {
namespace {

using testing::HasSubstr;

class RenewalsTest : public ::testing::Test {
 protected:
  // Runs the loop until something more is logged: what it is.
  std::string next_line() {
    std::size_t known = lines_.size();
    const auto limit = std::chrono::steady_clock::now() + std::chrono::seconds(20);
    while (lines_.size() == known && std::chrono::steady_clock::now() < limit) {
      loop_.run_one_until(limit);
    }
    return lines_.size() == known ? "nothing was logged" : lines_[known];
  }
  // Every pair has been looked at once more when the last one was.
  void look_at_all_again() {
    for (int round = 0; round < 2; ++round) {
      last_certificate_.write_certificate(last_.files().certificate);  // the same, in another file
      EXPECT_THAT(next_line(), HasSubstr("has taken the renewed certificate " + last_.files().certificate.string()));
    }
  }
  ~RenewalsTest() override {
    tasks_.cancel();
    loop_.run();
  }

  CertificateFolder folder_{TestCertificate("one.example")};
  TestCertificate last_certificate_{"last.example"};
  CertificateFolder last_{last_certificate_};
  Certificates certificates_{{folder_.files(), last_.files()}};
  boost::asio::io_context loop_;
  std::vector<std::string> lines_;
  Renewals renewals_{certificates_, Milliseconds{1}, [this](const std::string& line) { lines_.push_back(line); }};
  async::TaskGroup tasks_{loop_.get_executor()};
};

TEST_F(RenewalsTest, take_a_pair_that_changed_and_only_then) {
  tasks_.spawn(renewals_.follow());
  look_at_all_again();
  EXPECT_EQ(lines_.size(), 2U);
  folder_.put(TestCertificate("two.example"));
  std::string line = next_line();
  if (line.find("cannot be used") != std::string::npos) {
    line = next_line();  // it was seen between the two files
  }
  EXPECT_THAT(line, HasSubstr("has taken the renewed certificate"));
  EXPECT_TRUE(certificates_.cover("two.example"));
  EXPECT_FALSE(certificates_.cover("one.example"));
}

TEST_F(RenewalsTest, follow_links_as_certbot_makes_them) {
  const CertificateFiles files = folder_.files();
  const std::filesystem::path old = files.certificate.parent_path();
  const std::filesystem::path live = old / "live";
  const CertificateFolder next(TestCertificate("two.example"));
  std::filesystem::create_directory_symlink(old, live);
  Certificates certificates({{.certificate = live / "pem", .key = live / "key"}});
  Renewals renewals(certificates, Milliseconds{1}, [this](const std::string& line) { lines_.push_back(line); });
  tasks_.spawn(renewals.follow());
  std::filesystem::create_directory_symlink(next.files().key.parent_path(), old / "new");
  std::filesystem::rename(old / "new", live);
  EXPECT_THAT(next_line(), HasSubstr("has taken the renewed certificate " + (live / "pem").string()));
  EXPECT_TRUE(certificates.cover("two.example"));
  tasks_.cancel();
  loop_.run();
}

TEST_F(RenewalsTest, keep_the_old_pair_while_the_new_one_is_not_whole_and_say_so_once) {
  tasks_.spawn(renewals_.follow());
  const TestCertificate renewed("two.example");
  renewed.write_certificate(folder_.files().certificate);
  EXPECT_THAT(next_line(), HasSubstr("cannot be used: "));
  look_at_all_again();
  EXPECT_EQ(lines_.size(), 3U);
  EXPECT_TRUE(certificates_.cover("one.example"));
  renewed.write_key(folder_.files().key);
  EXPECT_THAT(next_line(), HasSubstr("has taken the renewed certificate"));
  EXPECT_TRUE(certificates_.cover("two.example"));
}

TEST_F(RenewalsTest, tell_of_names_that_no_certificate_is_for_any_more) {
  certificates_.add("one.example");
  tasks_.spawn(renewals_.follow());
  const TestCertificate renewed("two.example");
  renewed.write_key(folder_.files().key);
  renewed.write_certificate(folder_.files().certificate);
  while (lines_.empty() || !lines_.back().starts_with("no certificate is for the name 'one.example' any more")) {
    ASSERT_NE(next_line(), "nothing was logged");
  }
}

}  // namespace
}  // namespace berth::doors::tcp
