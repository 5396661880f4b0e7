// SPDX-License-Identifier: Apache-2.0
#include <fcntl.h>
#include <sched.h>
#include <sqlite3.h>
#include <sys/mount.h>
#include <sys/stat.h>

#include <cerrno>
#include <fstream>
#include <system_error>

#include "base/descriptor.h"
#include "stores/contract/fixture.h"
#include "stores/contract/program.h"
#include "stores/sql/sql_store.h"

namespace berth::stores::contract {
namespace {

// A small file system in a mount namespace of this thread (and those it starts), so that no mount can be left behind.
class SmallDisk {
 public:
  SmallDisk() {
    check(unshare(CLONE_NEWNS), "unshare (the tests run as root)");
    check(mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr), "private mounts");
    check(mount("berth-stores", directory_.path().c_str(), "tmpfs", 0, "size=4m"), "tmpfs");
  }
  ~SmallDisk() { umount2(directory_.path().c_str(), MNT_DETACH); }
  SmallDisk(const SmallDisk&) = delete;
  SmallDisk& operator=(const SmallDisk&) = delete;

  std::filesystem::path file() const { return directory_.path() / "berth.sqlite"; }
  void fill() const {
    const Descriptor filler(open((directory_.path() / "filler").c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
    const std::string page(4096, 'x');
    while (write(filler.get(), page.data(), page.size()) > 0) {
    }
    ASSERT_EQ(errno, ENOSPC);
  }
  void make_room() const { std::filesystem::remove(directory_.path() / "filler"); }
  void make_read_only() const {
    check(mount(nullptr, directory_.path().c_str(), nullptr, MS_REMOUNT | MS_RDONLY, nullptr), "remount");
  }

 private:
  static void check(int result, const char* what) {
    if (result != 0) {
      throw std::system_error(errno, std::generic_category(), what);
    }
  }

  TemporaryDirectory directory_;
};

// Without SetUp of StoreTest: each test has a file of its own.
class SqliteFaults : public StoreTest {
 protected:
  void SetUp() override {}

  std::unique_ptr<core::Store> open(const std::filesystem::path& file) {
    return sql::open({.url = sql::sqlite_url(file), .lock_wait = Seconds{0}}, loop.get_executor());
  }

  std::string refusal_of(const std::filesystem::path& file) {
    try {
      open(file);
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::unavailable);
      return error.what();
    }
    return "opened";
  }

  // Ten transactions at once; how many of them failed as a full disk should.
  int failures_of_group() {
    int failures = 0;
    for (int index = 0; index < 10; ++index) {
      begin(
          *store,
          [=](Transaction& transaction) { transaction.put_account(plain_account("g" + std::to_string(index))); },
          [&](std::exception_ptr fault, bool) {
            try {
              if (fault) {
                std::rethrow_exception(fault);
              }
            } catch (const Error& error) {
              EXPECT_EQ(error.kind(), ErrorKind::unavailable);
              EXPECT_NE(std::string(error.what()).find("make room"), std::string::npos) << error.what();
              ++failures;
            }
          });
    }
    run();
    return failures;
  }
};
INSTANTIATE_TEST_SUITE_P(One, SqliteFaults, testing::Values(Kind{.name = "sqlite", .make_place = {}}), name_of_kind);

TEST_P(SqliteFaults, a_full_disk_fails_all_that_waits_for_one_commit_and_room_cures_it) {
  const SmallDisk disk;
  store = open(disk.file());
  transact([](Transaction& transaction) { transaction.put_account(plain_account("before")); });
  disk.fill();
  EXPECT_EQ(failures_of_group(), 10);
  EXPECT_EQ(failure_of([](Transaction& transaction) { transaction.put_account(full_account()); }),
            ErrorKind::unavailable);
  EXPECT_EQ(ids_of(get([](Transaction& transaction) { return transaction.list_accounts({}); })), Ids{"before"});
  disk.make_room();
  EXPECT_EQ(failures_of_group(), 0);
  EXPECT_EQ(get([](Transaction& transaction) { return transaction.list_accounts({}); }).size(), 11U);
  store = open(disk.file());
  EXPECT_EQ(get([](Transaction& transaction) { return transaction.list_accounts({}); }).size(), 11U);
}

TEST_P(SqliteFaults, what_is_too_much_for_the_disk_fails_and_smaller_things_still_fit) {
  const SmallDisk disk;
  store = open(disk.file());
  for (int round = 0; round < 3; ++round) {
    EXPECT_EQ(failure_of([](Transaction& transaction) {
                core::Account account = plain_account("large");
                account.name = long_text() + long_text();
                transaction.put_account(account);
              }),
              ErrorKind::unavailable);
    EXPECT_NE(message.find("make room"), std::string::npos) << message;
    transact([](Transaction& transaction) { transaction.put_account(plain_account("small")); });
  }
  EXPECT_EQ(ids_of(get([](Transaction& transaction) { return transaction.list_accounts({}); })), Ids{"small"});
}

TEST_P(SqliteFaults, a_full_disk_cannot_hold_a_new_database) {
  const SmallDisk disk;
  disk.fill();
  EXPECT_NE(refusal_of(disk.file()).find("make room"), std::string::npos) << refusal_of(disk.file());
  disk.make_room();
  EXPECT_EQ(refusal_of(disk.file()), "opened");
}

TEST_P(SqliteFaults, a_read_only_file_system_is_named) {
  const SmallDisk disk;
  open(disk.file()).reset();
  disk.make_read_only();
  EXPECT_NE(refusal_of(disk.file()).find("make it writable"), std::string::npos) << refusal_of(disk.file());
}

// Without that lock, another process that closes the database deletes the log into which this one goes on writing.
TEST_P(SqliteFaults, an_open_database_is_locked_against_being_taken_for_unused) {
  const TemporaryDirectory directory;
  const auto file = directory.path() / "berth.sqlite";
  open(file).reset();
  store = open(file);
  transact([](Transaction& transaction) { transaction.put_account(plain_account("one")); });
  const Descriptor other(::open(file.c_str(), O_RDWR | O_CLOEXEC));
  struct flock lock{};
  lock.l_type = F_WRLCK;
  lock.l_whence = SEEK_SET;
  ASSERT_EQ(fcntl(other.get(), F_OFD_GETLK, &lock), 0);
  EXPECT_EQ(lock.l_type, F_RDLCK);
}

TEST_P(SqliteFaults, a_missing_directory_is_named) {
  const TemporaryDirectory directory;
  const auto refusal = refusal_of(directory.path() / "none" / "berth.sqlite");
  EXPECT_NE(refusal.find("make its directory first"), std::string::npos) << refusal;
}

TEST_P(SqliteFaults, a_file_of_another_kind_is_left_alone) {
  const TemporaryDirectory directory;
  const auto file = directory.path() / "letter.txt";
  std::ofstream(file) << std::string(10'000, 'x');
  EXPECT_NE(refusal_of(file).find("no SQLite database"), std::string::npos) << refusal_of(file);
  EXPECT_EQ(std::filesystem::file_size(file), 10'000U);
}

TEST_P(SqliteFaults, another_program_that_keeps_the_database_locked_is_named_and_later_work_succeeds) {
  const TemporaryDirectory directory;
  const auto file = directory.path() / "berth.sqlite";
  store = open(file);
  sqlite3* other = nullptr;
  ASSERT_EQ(sqlite3_open(file.c_str(), &other), SQLITE_OK);
  ASSERT_EQ(sqlite3_exec(other, "BEGIN IMMEDIATE", nullptr, nullptr, nullptr), SQLITE_OK);
  EXPECT_EQ(failure_of([](Transaction& transaction) { transaction.put_account(plain_account("a")); }),
            ErrorKind::unavailable);
  EXPECT_NE(message.find("another program keeps the database locked"), std::string::npos) << message;
  ASSERT_EQ(sqlite3_exec(other, "COMMIT", nullptr, nullptr, nullptr), SQLITE_OK);
  sqlite3_close(other);
  transact([](Transaction& transaction) { transaction.put_account(plain_account("a")); });
}

TEST_P(SqliteFaults, nobody_else_may_read_the_database) {
  const TemporaryDirectory directory;
  store = open(directory.path() / "berth.sqlite");
  transact([](Transaction& transaction) { transaction.put_account(plain_account("a")); });
  int files = 0;
  for (const auto& entry : std::filesystem::directory_iterator(directory.path())) {
    struct stat status{};
    ASSERT_EQ(stat(entry.path().c_str(), &status), 0);
    EXPECT_EQ(status.st_mode & 0777, 0600U) << entry.path();
    ++files;
  }
  EXPECT_EQ(files, 3);  // the database, its log and the index of that
}

}  // namespace
}  // namespace berth::stores::contract
