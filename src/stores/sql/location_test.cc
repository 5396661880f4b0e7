// SPDX-License-Identifier: Apache-2.0
#include "stores/sql/location.h"

#include <gtest/gtest.h>

#include "base/described.h"

namespace berth::stores::sql {
namespace {

TEST(Location, an_sqlite_url_keeps_every_character_of_the_path) {
  const std::filesystem::path file = "/data dir/50% & more?/it's #1/ä/berth.sqlite";
  EXPECT_EQ(locate({.url = sqlite_url(file)}).file, file);
  EXPECT_EQ(locate({.url = "sqlite:///var/lib/berth/berth.sqlite"}).file, "/var/lib/berth/berth.sqlite");
}

TEST(Location, a_postgresql_url_is_read_as_libpq_reads_it) {
  const auto connection = [](const std::string& url) {
    const Location location = locate({.url = url});
    EXPECT_EQ(location.dialect, Dialect::postgresql);
    return location.connection.reveal();
  };
  const std::string all = connection("postgresql://us%20er@host.example:5433/data%27base?sslmode=require");
  for (const char* part : {"user=us%20er", "host=host.example", "port=5433", "dbname=data%27base", "sslmode=require",
                           "connect_timeout=5", "application_name=berth"}) {
    EXPECT_NE(all.find(part), std::string::npos) << part << " in " << all;
  }
  EXPECT_NE(connection("postgres:///b?host=/run/postgresql&connect_timeout=9").find("connect_timeout=9"),
            std::string::npos);
}

TEST(Location, faulty_settings_are_named_without_showing_secrets) {
  const auto faults = [](Settings settings) {
    std::string all;
    for (const std::string& fault : faults_of(settings)) {
      all += fault + "\n";
    }
    return all;
  };
  EXPECT_EQ(faults({.url = "sqlite:///a"}), "");
  EXPECT_EQ(faults({.url = "postgresql://user@host/database", .password_file = "/a"}), "");
  for (const char* url : {"", "mysql://host/database", "sqlite:a", "/a"}) {
    EXPECT_EQ(faults({.url = url}), "url must begin with sqlite:/// or postgresql://\n") << url;
  }
  for (const char* url : {"sqlite://", "sqlite://a", "sqlite:///a?mode=ro", "sqlite:///a%zz", "sqlite:///a#b"}) {
    EXPECT_NE(faults({.url = url}).find("whole path"), std::string::npos) << url;
  }
  EXPECT_NE(faults({.url = "sqlite:///a%22b"}).find("quotation mark"), std::string::npos);
  EXPECT_NE(faults({.url = "sqlite:///a%00b"}).find("zero character"), std::string::npos);
  EXPECT_NE(faults({.url = "sqlite:///a", .password_file = "/b"}).find("only for PostgreSQL"), std::string::npos);
  for (const char* url : {"postgresql://user:hunter2@host/database", "postgresql://host/database?password=hunter2",
                          "postgresql://user:hunter2@host/database?unknown=1"}) {
    EXPECT_NE(faults({.url = url}), "") << url;
    EXPECT_EQ(faults({.url = url}).find("hunter2"), std::string::npos) << url;
  }
  EXPECT_EQ(faults({.url = "?", .lock_wait = Seconds{-1}}),
            "url must begin with sqlite:/// or postgresql://\nlock_wait must be between 0s and 1h\n");
}

TEST(Location, settings_are_read_from_a_configuration) {
  const auto settings =
      read_json<Settings>(parse_json(R"({"url": "sqlite:///a", "lock_wait": "2s"})"), Missing::keeps_default);
  EXPECT_EQ(settings.url, "sqlite:///a");
  EXPECT_EQ(settings.lock_wait, Seconds{2});
}

TEST(Location, a_password_file_that_is_missing_is_no_empty_password) {
  EXPECT_THROW(locate({.url = "postgresql://user@host/database", .password_file = "/nonexistent/file"}), Error);
}

}  // namespace
}  // namespace berth::stores::sql
