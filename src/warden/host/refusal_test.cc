// SPDX-License-Identifier: Apache-2.0
#include <fcntl.h>
#include <gtest/gtest.h>

#include <functional>
#include <map>

#include "base/described.h"
#include "warden/files.h"
#include "warden/host/test_warden.h"

namespace berth::warden {
namespace {

using wire::Operation;

ErrorKind kind_of(const std::function<void()>& call) {
  try {
    call();
  } catch (const Error& error) {
    return error.kind();
  }
  ADD_FAILURE() << "it was not refused";
  return ErrorKind::internal;
}

TEST(Refusal, NamesTheWrongField) {
  const TestWarden warden;
  TestClient client = warden.client();
  try {
    wire::InstanceSpec spec = small_spec();
    spec.hostname = "../../etc";
    client.create("one", spec);
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::invalid_argument);
    EXPECT_EQ(error.field(), "spec.hostname");
  }
  EXPECT_EQ(kind_of([&] { client.create("../one", small_spec()); }), ErrorKind::invalid_argument);
  EXPECT_EQ(kind_of([&] { client.ask_json(R"({"operation":"list","path":"/etc"})"); }), ErrorKind::invalid_argument);
  EXPECT_EQ(kind_of([&] { client.ask_json(R"({"operation":"list","id":"one"})"); }), ErrorKind::invalid_argument);
  EXPECT_EQ(kind_of([&] { client.ask_json(R"({"operation":"format_host"})"); }), ErrorKind::invalid_argument);
  EXPECT_EQ(kind_of([&] { client.ask_json(R"({"operation":"connect","id":"one","port":70000})"); }),
            ErrorKind::invalid_argument);
  EXPECT_TRUE(client.list().empty());
}

TEST(Refusal, KnowsNoUnknownInstance) {
  const TestWarden warden;
  TestClient client = warden.client();
  for (const Operation operation : {Operation::pause, Operation::resume, Operation::usage, Operation::agent}) {
    EXPECT_EQ(kind_of([&] { client.call(operation, "nobody"); }), ErrorKind::not_found) << enum_name(operation);
  }
  client.call(Operation::stop, "nobody");
  client.call(Operation::destroy, "nobody");
  EXPECT_EQ(kind_of([&] { client.create("one", small_spec()); }), ErrorKind::not_found);  // there is no image
  EXPECT_TRUE(std::filesystem::is_empty(warden.folder() + "/data/instances"));
  EXPECT_EQ(kind_of([&] { client.ask({.operation = Operation::build_image, .name = "windows"}); }),
            ErrorKind::not_found);
}

TEST(Refusal, HangsUpOnWhatIsNoMessage) {
  const TestWarden warden;
  for (const std::string text : {"hello", "[1]", "{\"operation\":", "\xff\xfe"}) {
    TestClient client = warden.client();
    EXPECT_EQ(kind_of([&] { client.ask_json(text); }), ErrorKind::unauthenticated) << text;
  }
  TestClient client = warden.client();
  const Descriptor file(::open("/dev/null", O_RDONLY | O_CLOEXEC));
  EXPECT_EQ(kind_of([&] { client.ask_json(R"({"operation":"list"})", file.get()); }), ErrorKind::invalid_argument);
  EXPECT_TRUE(client.list().empty());
}

TEST(Refusal, AnswersOnlyItsUserAndRoot) {
  const TestWarden warden;
  const std::string socket = warden.folder() + "/run/warden.sock";
  const std::string ask = "import socket,sys\ns=socket.socket(socket.AF_UNIX,socket.SOCK_SEQPACKET)\ns.connect('" +
                          socket + "')\ns.send(b'{\"operation\":\"list\"}')\nprint(s.recv(100))\n";
  const Outcome client =
      run_command({"setpriv", "--reuid=nobody", "--regid=nogroup", "--clear-groups", "python3", "-c", ask});
  EXPECT_NE(client.output.find("result"), std::string::npos) << client.output;
  // Of the right group, so that the file lets it in, but of another user.
  const Outcome other =
      run_command({"setpriv", "--reuid=daemon", "--regid=nogroup", "--clear-groups", "python3", "-c", ask});
  EXPECT_EQ(other.output.find("result"), std::string::npos) << other.output;
  const Outcome stranger =
      run_command({"setpriv", "--reuid=daemon", "--regid=daemon", "--clear-groups", "python3", "-c", ask});
  EXPECT_NE(stranger.output.find("Permission denied"), std::string::npos) << stranger.output;
}

TEST(Refusal, SaysWhatToDoAboutAFullDiskAndStillDestroys) {
  TestWarden warden;
  warden.stop();
  warden.clean_up();
  const std::string data = warden.folder() + "/data";
  ASSERT_EQ(run_command({"mount", "-t", "tmpfs", "-o", "size=24m", "tmpfs", data}).code, 0);
  {
    warden.start();
    TestClient client = warden.client_with_image();
    client.create("one", small_spec());
    run_command({"dd", "if=/dev/zero", "of=" + data + "/big", "bs=64k"});
    try {
      client.create("two", small_spec());
      FAIL();
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::exhausted);
      EXPECT_NE(std::string(error.what()).find("--data-dir"), std::string::npos) << error.what();
    }
    client.call(Operation::destroy, "one");
    EXPECT_TRUE(eventually([&] { return std::filesystem::is_empty(data + "/instances"); }));
  }
  EXPECT_EQ(warden.stop(), 0);
  EXPECT_EQ(warden.clean_up().code, 0);
  EXPECT_EQ(run_command({"umount", data}).code, 0);
}

TEST(Refusal, SaysWhatIsMissingOnTheHost) {
  const auto failure = [](const std::string& option, const std::string& value) {
    std::map<std::string, std::string> options = {{"--data-dir", "/tmp/berth-none/data"},
                                                  {"--run-dir", "/tmp/berth-none/run"},
                                                  {"--client-user", "nobody"},
                                                  {"--agent", BERTH_STAND_IN_AGENT}};
    options[option] = value;
    std::vector<std::string> command = {BERTH_WARDEN_PROGRAM};
    for (const auto& [name, text] : options) {
      command.insert(command.end(), {name, text});
    }
    const Outcome outcome = run_command(command);
    EXPECT_EQ(outcome.code, 1) << outcome.output;
    return outcome.output;
  };
  EXPECT_NE(failure("--runtime", "no-such-runc").find("apt install runc"), std::string::npos);
  EXPECT_NE(failure("--agent", "/no/agent").find("--agent"), std::string::npos);
  EXPECT_NE(failure("--client-user", "no-such-user").find("useradd"), std::string::npos);
  EXPECT_NE(failure("--network", "10.0.0.1/8").find("network"), std::string::npos);
  remove_tree("/tmp/berth-none");
}

}  // namespace
}  // namespace berth::warden
