// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <thread>

#include "base/described.h"
#include "warden/files.h"
#include "warden/host/test_tar.h"
#include "warden/host/test_warden.h"

namespace berth::warden {
namespace {

using testing::HasSubstr;
using testing::Not;
using wire::CheckEnd;
using wire::CheckReport;
using wire::CheckSpec;
using wire::Operation;

CheckReport ask_check(TestClient& client, const std::string& id, const std::string& lines, const CheckSpec& spec = {}) {
  const Descriptor script = file_with("#!/bin/sh\n" + lines + "\n");
  return read_json<CheckReport>(client.ask({.operation = Operation::check, .id = id, .check = spec}, script.get()));
}

class Check : public ::testing::Test {
 protected:
  void SetUp() override { client.create("one", small_spec()); }

  CheckReport check(const std::string& lines, const CheckSpec& spec = {}) {
    return ask_check(client, "one", lines, spec);
  }
  // What a check says; it must end well.
  std::string say(const std::string& lines, const CheckSpec& spec = {}) {
    const CheckReport report = check(lines, spec);
    EXPECT_EQ(report.end, CheckEnd::exited) << report.errors;
    EXPECT_EQ(report.code, 0) << report.errors;
    return report.output;
  }
  std::string inside(const std::string& command) { return warden.in_instance("one", command).output; }

  TestWarden warden;
  TestClient client = warden.client_with_image();
};

TEST_F(Check, SeesTheMachineAsItIsAndCannotChangeIt) {
  inside(
      "echo live >/root/file; chmod 600 /root/file; echo temporary >/tmp/file; echo other >/home/user/own; "
      "chown 1000 /home/user/own; chmod 600 /home/user/own; sleep 1000 >/dev/null 2>&1 & ");
  EXPECT_EQ(say("cat /machine/root/file /machine/tmp/file $MACHINE/home/user/own"), "live\ntemporary\nother\n");
  EXPECT_THAT(say("cat /machine/proc/*/cmdline 2>/dev/null | tr '\\0' ' '"), HasSubstr("sleep 1000"));
  EXPECT_EQ(say("for p in /machine/proc/[0-9]*; do readlink $p/exe; done | grep -c busybox"), "1\n");
  for (const char* change : {"echo x >/machine/root/file", "rm /machine/root/file", "mkdir /machine/new",
                             "chmod 777 /machine/root/file", "echo x >/machine/tmp/file", "echo x >/new",
                             "mount -o remount,rw /machine", "umount /machine", "mount -t tmpfs x /tmp"}) {
    EXPECT_NE(check(change).code, 0) << change;
  }
  EXPECT_EQ(inside("cat /root/file /tmp/file; ls -d /new 2>&1"),
            "live\ntemporary\nls: /new: No such file or directory\n");
}

TEST_F(Check, HasSurroundingsOfItsOwn) {
  EXPECT_EQ(say("env | grep -v -e ^PWD= -e ^SHLVL= -e ^OLDPWD= | sort"),
            "HOME=/root\nLANG=C.UTF-8\nMACHINE=/machine\nPATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/"
            "bin\n");
  EXPECT_EQ(say("id -u; pwd; hostname; cat; ls /tmp; echo x >/tmp/file && cat /tmp/file; ls /machines"),
            "0\n/\ncheck\nx\n");
  EXPECT_EQ(say("set -- /proc/[0-9]*; echo $#; ls /dev"),
            "1\nfd\nfull\nnull\nrandom\nshm\nstderr\nstdin\nstdout\nurandom\nzero\n");
  EXPECT_EQ(say("ls /proc/self/fd"), "0\n1\n2\n3\n4\n") << "the script, and what ls opens";
  EXPECT_THAT(say("grep -e CapEff -e NoNewPrivs -e 'Seccomp:' /proc/self/status"),
              "CapEff:\t00000000000820c4\nNoNewPrivs:\t1\nSeccomp:\t2\n");
  EXPECT_EQ(say("readlink /proc/self/ns/net"), inside("readlink /proc/self/ns/net"));
  EXPECT_EQ(say("readlink /proc/self/ns/user"), inside("readlink /proc/self/ns/user"));
  for (const char* kind : {"pid", "mnt", "ipc", "uts"}) {
    const std::string ask = std::string("readlink /proc/self/ns/") + kind;
    EXPECT_NE(say(ask), inside(ask)) << kind;
  }
  for (const char* forbidden :
       {"mknod /tmp/sda b 8 0", "unshare -n true", "cat /proc/1/environ", "nsenter -t 1 -m true"}) {
    EXPECT_NE(check(forbidden).code, 0) << forbidden;
  }
}

TEST_F(Check, ReachesWhatListensInTheMachine) {
  inside("nc -ll -p 7000 -e echo served >/dev/null 2>&1 &");
  EXPECT_TRUE(eventually([&] { return check("nc -w 1 127.0.0.1 7000 </dev/null").output == "served\n"; }));
}

TEST_F(Check, RunsThePristinePrograms) {
  inside(
      "rm /bin/sh /bin/cat; printf '#!/bin/busybox sh\\necho OK\\n' >/bin/sh; cp /bin/sh /bin/cat; chmod 755 /bin/sh "
      "/bin/cat;"
      "mkdir -p /usr/local/sbin; cp /bin/sh /usr/local/sbin/grep; echo /lib/evil.so >/etc/ld.so.preload;"
      "echo 'echo OK' >/etc/profile; echo root::0:0:::/bin/evil >/etc/passwd");
  EXPECT_EQ(say("echo NO; cat /etc/passwd | grep -c evil; ls /etc/ld.so.preload 2>&1 | cut -d: -f3; exit 0"),
            "NO\n0\n No such file or directory\n");
}

TEST_F(Check, CannotBeSeenOrEndedByTheMachine) {
  // Its root looks for anything of the check, and shoots at all it sees, while one runs.
  warden.in_instance(
      "one",
      "(while true; do cat /proc/[0-9]*/cmdline | tr '\\0' ' '; kill -9 -1; done >/tmp/seen 2>&1 &) ;"
      "(while true; do for p in /proc/[0-9]*; do cat $p/maps $p/environ; ls -l $p/fd $p/root; done; ls /tmp; done"
      " >/root/seen 2>&1 &)");
  EXPECT_EQ(say("secret=hunter''2; sleep 1; echo $secret done >/tmp/hunter2; cat /tmp/hunter2"), "hunter2 done\n");
  EXPECT_EQ(say("cat /machine/tmp/seen /machine/root/seen | grep -c hunter || true"), "0\n");
}

TEST_F(Check, IsNotMovedByChildrenOfTheAgentThatDie) {
  const std::string script = "sleep 1; echo OK";
  std::thread shooter(
      [&] { warden.in_instance("one", "i=0; while [ $i -lt 40 ]; do kill -9 -1; sleep 0.05; i=$((i+1)); done"); });
  EXPECT_EQ(say(script), "OK\n");
  shooter.join();
}

TEST_F(Check, FollowsNoLinkOfTheMachine) {
  // Each would show the check something of its own, or of the machine's beyond what is read-only.
  inside(
      "cd /root; ln -s /etc/passwd absolute; ln -s ../../../../../../etc/passwd relative; ln -s / top;"
      "ln -s /proc/self/cmdline words; ln -s ../../proc/self/fd/3 script; ln -s ../proc/1/root/root/file init;"
      "mkfifo pipe; echo mine >file");
  for (const char* name : {"absolute", "relative", "top/etc/passwd", "words", "script", "init"}) {
    const std::string file = std::string("/machine/root/") + name;
    EXPECT_NE(check("grep -e root -e expected " + file).code, 0) << name;
    EXPECT_NE(check("echo changed >" + file).code, 0) << name;
  }
  EXPECT_NE(check("echo changed >/machine/proc/1/root/root/file").code, 0);
  EXPECT_EQ(inside("cat /root/file"), "mine\n");
  EXPECT_EQ(say("readlink /machine/root/absolute; readlink /machine/proc/1/root"), "/etc/passwd\n/\n");
  EXPECT_NE(check("ls /machine/../../../root/.ssh /proc/1/root/root").code, 0);
}

TEST_F(Check, EndsInTimeWhateverBlocksIt) {
  inside("mkfifo /root/pipe");
  const auto before = std::chrono::steady_clock::now();
  const CheckReport report = check("echo looking; cat /machine/root/pipe; echo OK", {.seconds = 1});
  EXPECT_EQ(report.end, CheckEnd::timed_out);
  EXPECT_EQ(report.output, "looking\n");
  EXPECT_LT(std::chrono::steady_clock::now() - before, std::chrono::seconds(5));
  EXPECT_EQ(check("trap '' TERM INT HUP; setsid sleep 100 & while true; do :; done", {.seconds = 1}).end,
            CheckEnd::timed_out);
  EXPECT_EQ(check("setsid sleep 77777 & echo OK").output, "OK\n") << "what it left behind keeps nobody waiting";
  EXPECT_NE(run_command({"pgrep", "-f", "^sleep 77777"}).code, 0);
}

TEST_F(Check, KeepsTheBeginningOfAFlood) {
  const CheckReport report =
      check("echo OK; head -c 100000000 /dev/zero | tr '\\0' x; head -c 9000 /dev/zero | tr '\\0' e >&2");
  EXPECT_EQ(report.end, CheckEnd::exited);
  EXPECT_EQ(report.output, "OK\n" + std::string(wire::longest_check_output - 3, 'x'));
  EXPECT_EQ(report.errors, std::string(wire::longest_check_output, 'e'));
  EXPECT_EQ(check("printf 'a\\377\\303\\250\\303z'").output, "a?\xc3\xa8?z");
}

TEST_F(Check, HoldsAForkBombAndAHungryOne) {
  const CheckReport bomb = check("f() { f | f & f; }; f", {.seconds = 2});
  EXPECT_NE(bomb.output, "OK\n");
  EXPECT_EQ(say("echo OK"), "OK\n");
  const CheckReport hungry = check("dd if=/dev/zero of=/dev/null bs=3G count=1 && echo OK", {.seconds = 5});
  EXPECT_EQ(hungry.output, "");
  EXPECT_NE(check("dd if=/dev/zero of=/tmp/big bs=1M count=100 && echo OK", {.seconds = 5}).output, "OK\n");
}

TEST_F(Check, IsNoAnswerWhenMemoryForChecksRanOut) {
  // A small limit, as when many checks share it.
  const std::string group = "/sys/fs/cgroup/memory/" + warden.name() + "/_checks/memory.limit_in_bytes";
  const std::string unified = "/sys/fs/cgroup/" + warden.name() + "/_checks/memory.max";
  write_to(std::filesystem::exists(group) ? group : unified, "32M");
  try {
    const CheckReport report = check("head -c 90000000 /dev/zero | tr '\\0' x | sort | grep -q y || echo NO");
    ADD_FAILURE() << report.output << report.errors;
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::unavailable) << error.what();
  }
  // What was killed may still hold its memory for a moment.
  EXPECT_TRUE(eventually([&] {
    try {
      return say("echo OK") == "OK\n";
    } catch (const Error& error) {
      return error.kind() != ErrorKind::unavailable;
    }
  }));
}

TEST_F(Check, NeverSaysOkOfAMachineThatEnds) {
  const std::string pid = read_file(warden.folder() + "/data/instances/one/pid");
  Child killer({.command = {"sh", "-c", "sleep 0.5; kill -9 " + pid}});
  const auto before = std::chrono::steady_clock::now();
  try {
    const CheckReport report = check("trap '' TERM; sleep 20; echo OK", {.seconds = 30});
    FAIL() << report.output;
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::unavailable) << error.what();
  }
  EXPECT_LT(std::chrono::steady_clock::now() - before, std::chrono::seconds(10));
  client.call(Operation::destroy, "one");
  EXPECT_TRUE(eventually([&] { return std::filesystem::is_empty(warden.folder() + "/data/instances"); }));
}

TEST_F(Check, RefusesWhatIsPaused) {
  client.call(Operation::pause, "one");
  EXPECT_THROW(check("echo OK"), Error);
  client.call(Operation::resume, "one");
  EXPECT_EQ(say("echo OK"), "OK\n");
}

TEST_F(Check, SeesFurtherMachines) {
  client.create("two", small_spec());
  warden.in_instance("one", "echo first >/etc/motd");
  warden.in_instance("two", "echo second >/etc/motd");
  EXPECT_EQ(say("cat /machine/etc/motd /machines/web/etc/motd /machines/db/etc/motd; ls /machines",
                {.machines = {{"web", "one"}, {"db", "two"}}}),
            "first\nfirst\nsecond\ndb\nweb\n");
  EXPECT_NE(check("echo x >/machines/db/etc/motd", {.machines = {{"db", "two"}}}).code, 0);
}

TEST_F(Check, ChecksTheImageAsItWasCommitted) {
  inside("echo tool >/usr/local/bin/tool");
  client.call(Operation::stop, "one");
  client.ask({.operation = Operation::commit_image, .id = "one", .name = "top"});
  wire::InstanceSpec spec = small_spec();
  spec.image = "top";
  client.create("two", spec);
  warden.in_instance("two", "rm /usr/local/bin/tool");
  EXPECT_EQ(ask_check(client, "two", "cat /usr/local/bin/tool; ls /machine/usr/local/bin").output, "tool\nnc\n");
}

TEST_F(Check, RunsInsideAmongTheMachinesOwn) {
  inside("echo mine >/root/file; sleep 1000 >/dev/null 2>&1 & ");
  const CheckSpec spec{.inside = true, .seconds = 5};
  EXPECT_EQ(say("cat /root/file; id -u; echo $MACHINE; pwd", spec), "mine\n0\n/\n/\n");
  EXPECT_THAT(say("ps", spec), HasSubstr("sleep 1000"));
  EXPECT_EQ(say("echo changed >/root/file; cat /root/file", spec), "changed\n");
  for (const char* kind : {"pid", "mnt", "ipc", "uts", "net", "user", "cgroup"}) {
    const std::string ask = std::string("readlink /proc/self/ns/") + kind;
    EXPECT_EQ(say(ask, spec), inside(ask)) << kind;
  }
  EXPECT_EQ(say("grep -e CapEff -e CapBnd -e 'Seccomp:' /proc/self/status", spec),
            inside("grep -e CapEff -e CapBnd /proc/self/status") + "Seccomp:\t2\n");
  EXPECT_EQ(say("cat /proc/self/cgroup | grep -e memory -e pids", spec),
            inside("cat /proc/self/cgroup | grep -e memory -e pids"));
  EXPECT_NE(check("mount -t tmpfs x /mnt", spec).code, 0);
  inside("printf '#!/bin/busybox sh\\necho OK\\n' >/bin/sh.new; mv /bin/sh.new /bin/sh; chmod 755 /bin/sh");
  EXPECT_EQ(check("echo NO", spec).output, "OK\n") << "forgeable, as is said";
}

TEST_F(Check, RunsSideBySide) {
  client.create("two", small_spec());
  const auto before = std::chrono::steady_clock::now();
  std::vector<std::thread> threads;
  for (int number = 0; number < 8; ++number) {
    threads.emplace_back([&, number] {
      TestClient own = warden.client();
      EXPECT_EQ(ask_check(own, number % 2 == 0 ? "one" : "two", "sleep 1; echo OK").output, "OK\n");
    });
  }
  for (std::thread& thread : threads) {
    thread.join();
  }
  EXPECT_LT(std::chrono::steady_clock::now() - before, std::chrono::seconds(5));
}

TEST_F(Check, CostsLittle) {
  std::vector<double> times;
  for (int turn = 0; turn < 50; ++turn) {
    const auto before = std::chrono::steady_clock::now();
    EXPECT_EQ(check("true").code, 0);
    times.push_back(std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - before).count());
  }
  std::ranges::sort(times);
  RecordProperty("median_milliseconds", std::to_string(times[25]));
  EXPECT_LT(times[25], 200) << "even with sanitizers";
}

TEST_F(Check, RefusesWhatIsNoScript) {
  const auto kind = [&](const Descriptor& script) {
    try {
      client.ask({.operation = Operation::check, .id = "one", .check = CheckSpec{}}, script.get());
    } catch (const Error& error) {
      return error.kind();
    }
    return ErrorKind::internal;
  };
  EXPECT_EQ(kind(open_path("/tmp")), ErrorKind::invalid_argument);
  EXPECT_EQ(kind(file_with(std::string(wire::longest_check + 1, '#'))), ErrorKind::invalid_argument);
  const CheckReport no_interpreter = read_json<CheckReport>(client.ask(
      {.operation = Operation::check, .id = "one", .check = CheckSpec{}}, file_with("#!/no/such\necho OK\n").get()));
  EXPECT_EQ(no_interpreter.code, 127);
  EXPECT_THAT(no_interpreter.errors, HasSubstr("first line"));
}

TEST(CheckRestart, GoesOnAfterTheWardenWasKilled) {
  TestWarden warden;
  {
    TestClient client = warden.client_with_image();
    client.create("one", small_spec());
    const Descriptor script = file_with("#!/bin/sh\nsleep 88888\n");
    wire::Request request{.operation = Operation::check, .id = "one", .check = CheckSpec{}};
    send_packet(client.socket(), print_json(to_json(request)), script.get());
    EXPECT_TRUE(eventually([&] { return run_command({"pgrep", "-f", "^sleep 88888"}).code == 0; }));
  }
  warden.kill();
  EXPECT_TRUE(eventually([&] { return run_command({"pgrep", "-f", "^sleep 88888"}).code != 0; }));
  warden.start();
  TestClient client = warden.client();
  EXPECT_EQ(ask_check(client, "one", "echo OK").output, "OK\n");
}

}  // namespace
}  // namespace berth::warden
