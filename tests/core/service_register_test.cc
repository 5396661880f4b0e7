// SPDX-License-Identifier: Apache-2.0
#include "core/service_register.h"

#include <gmock/gmock.h>

#include <algorithm>
#include <list>

#include "core/host.h"

namespace berth::core {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using wire::Operation;

// Addresses of a single host: who has which, and whether its clients are let in.
class FakeAddresses final : public ServiceAddresses {
 public:
  ServiceFaults faults_of(const ServiceDefinition& definition) const override {
    return definition.plan == "small" ? ServiceFaults{} : ServiceFaults{{"plan", "names no plan"}};
  }
  void open(StoredService& service) override {
    for (const auto& [name, address] : opened) {
      if (address == service.definition.listen) {
        throw Error(ErrorKind::conflict, "the address is in use", "listen");
      }
    }
    opened[service.name] = service.definition.listen;
  }
  void start(const std::string& service) override { started.insert(service); }
  void close(const std::string& service) override {
    opened.erase(service);
    started.erase(service);
  }

  std::map<std::string, std::string> opened;
  std::set<std::string> started;
};

class ServiceRegisterTest : public Host {
 protected:
  ServiceRegisterTest() { runtime.new_agents_listen(1); }

  Services services{service_surroundings()};
  FakeAddresses addresses;
  std::vector<ServiceDefinition> configured{definition("configured", "here:1")};
  std::vector<std::string> logged;
  ServiceRegister offers{register_surroundings(services)};

  Services::Surroundings service_surroundings() {
    return {.journal = journal,
            .leases = leases,
            .reconciler = reconciler,
            .runtime = runtime,
            .clock = clock,
            .tasks = tasks,
            .log = [](const std::string&) {}};
  }

  ServiceRegister::Surroundings register_surroundings(Services& of) {
    return {.journal = journal,
            .services = of,
            .addresses = addresses,
            .clock = clock,
            .tasks = tasks,
            .plans = plans,
            .configured = configured,
            .configuration = "berthd.toml",
            .log = [this](const std::string& what) { logged.push_back(what); }};
  }

  static ServiceDefinition definition(const std::string& name, const std::string& listen) {
    return {.name = name,
            .listen = listen,
            .image = "busybox",
            .port = 1,
            .plan = "small",
            .mode = ServiceMode::token,
            .least_ready = 0,
            .most_ready = 0};
  }

  static NewService made(const std::string& name, const std::string& listen) {
    return {.definition = definition(name, listen), .tokens = {"secret"}};
  }

  std::vector<std::string> names() {
    std::vector<std::string> names;
    for (const ShownService& service : offers.list(admin)) {
      names.push_back(service.definition.name);
    }
    return names;
  }

  async::Task<std::vector<StoredService>> stored() {
    co_return co_await journal.transact([](Transaction& transaction) { return transaction.list_services(); });
  }

  async::Task<std::unique_ptr<Visit>> visit(Services& of, std::string name) {
    return of.visit(name, {.key = "a1", .holder = "a", .share = "a"});
  }

  async::Task<> made_one_is_kept_and_removed_one_is_not() {
    co_await offers.open();
    const ShownService shown = co_await offers.create(admin, made("echo", "here:2"));
    EXPECT_EQ(shown.source, ServiceSource::api);
    EXPECT_THAT(names(), ElementsAre("configured", "echo"));
    EXPECT_TRUE(addresses.started.contains("echo"));
    const std::vector<StoredService> kept = co_await stored();
    EXPECT_EQ(kept.size(), 1U);
    EXPECT_EQ(kept.at(0).token_hashes.at(0).size(), 64U);
    const auto there = co_await visit(services, "echo");
    co_await offers.remove(admin, "echo");
    co_await there->ended();
    EXPECT_FALSE(runtime.exists(there->instance()));
    EXPECT_TRUE(addresses.opened.empty());
    EXPECT_TRUE((co_await stored()).empty());
    EXPECT_THAT(names(), ElementsAre("configured"));
    EXPECT_EQ(co_await kind_of(visit(services, "echo")), "not_found");
    EXPECT_EQ(co_await kind_of(offers.remove(admin, "echo")), "not_found");
    co_await offers.create(admin, made("echo", "here:2"));
  }

  async::Task<> refused_one_leaves_nothing() {
    co_await offers.open();
    NewService faulty = made("Echo", "here:2");
    faulty.definition.plan = "huge";
    faulty.tokens = {std::string(129, 'x')};
    try {
      co_await offers.create(admin, faulty);
      ADD_FAILURE() << "it was made";
    } catch (const Error& error) {
      EXPECT_THAT(error.what(), HasSubstr("needs a name"));
      EXPECT_THAT(error.what(), HasSubstr("needs tokens of 1 to 128 bytes"));
      EXPECT_THAT(error.what(), HasSubstr("names no plan"));
      EXPECT_EQ(error.field(), "name");
    }
    EXPECT_THAT((co_await failure_of(without_result(offers.create(admin, made("configured", "here:2"))))).message,
                HasSubstr("berthd.toml has a [[service]]"));
    EXPECT_EQ(co_await kind_of(offers.remove(admin, "configured")), "conflict");
    NewService unstorable = made("echo", "here:2");
    unstorable.definition.command = {std::string("a\0b", 3)};
    EXPECT_EQ(co_await kind_of(offers.create(admin, unstorable)), "invalid_argument");
    EXPECT_TRUE(addresses.opened.empty());
    co_await offers.create(admin, made("echo", "here:2"));
    EXPECT_EQ(co_await kind_of(offers.create(admin, made("echo", "here:3"))), "conflict");
    EXPECT_EQ(co_await kind_of(offers.create(admin, made("other", "here:2"))), "conflict");
    EXPECT_THAT(names(), ElementsAre("configured", "echo"));
    const Caller member = co_await caller("member");
    EXPECT_EQ(co_await kind_of(offers.create(member, made("mine", "here:4"))), "forbidden");
    EXPECT_EQ(co_await kind_of(offers.remove(member, "echo")), "forbidden");
  }

  async::Task<> removal_goes_on_without_who_asked() {
    co_await offers.open();
    co_await offers.create(admin, made("echo", "here:2"));
    const auto there = co_await visit(services, "echo");
    runtime.faults().hold(Operation::destroy);
    EXPECT_FALSE(co_await async::finishes_within(offers.remove(admin, "echo"), Milliseconds{20}));
    EXPECT_EQ(co_await kind_of(offers.create(admin, made("echo", "here:2"))), "conflict");  // not yet
    runtime.faults().release(Operation::destroy);
    while (runtime.exists(there->instance())) {
      co_await async::pause_for(Milliseconds{1});
    }
    while (co_await kind_of(offers.create(admin, made("echo", "here:2"))) != "none") {
      co_await async::pause_for(Milliseconds{1});
    }
  }

  async::Task<> new_server_opens_what_it_can() {
    co_await offers.open();
    for (const auto& [name, listen] : {std::pair("echo", "here:2"), std::pair("lost", "here:3")}) {
      co_await offers.create(admin, made(name, listen));
    }
    const InstanceId kept = (co_await visit(services, "echo"))->instance();
    const InstanceId waiting = (co_await visit(services, "lost"))->instance();
    addresses.opened = {{"a stranger", "here:3"}};
    addresses.started.clear();
    Services& fresh = others.emplace_back(service_surroundings());
    ServiceRegister again{register_surroundings(fresh)};
    co_await again.open();
    EXPECT_EQ((co_await visit(fresh, "echo"))->instance(), kept);
    EXPECT_EQ(again.find(admin, "echo").fault, "");
    EXPECT_EQ(again.find(admin, "lost").fault, "the address is in use");
    EXPECT_EQ((co_await visit(fresh, "lost"))->instance(), waiting);
    configured.push_back(definition("echo", "here:9"));  // the operator's word counts
    Services& third = others.emplace_back(service_surroundings());
    addresses.opened.clear();
    ServiceRegister last{register_surroundings(third)};
    co_await last.open();
    EXPECT_EQ(last.find(admin, "echo").source, ServiceSource::configuration);
    EXPECT_THAT(logged.back(), HasSubstr("berthd.toml has a [[service]] of this name"));
    EXPECT_EQ((co_await stored()).size(), 2U);
  }

  std::list<Services> others;  // as long as the tasks that refer to them
};

TEST_F(ServiceRegisterTest, keeps_what_is_made_until_it_is_removed) { run(made_one_is_kept_and_removed_one_is_not()); }
TEST_F(ServiceRegisterTest, tells_every_fault_and_keeps_nothing_that_is_refused) { run(refused_one_leaves_nothing()); }
TEST_F(ServiceRegisterTest, ends_what_was_removed_when_who_asked_is_gone) { run(removal_goes_on_without_who_asked()); }
TEST_F(ServiceRegisterTest, opens_what_it_can_at_the_start) { run(new_server_opens_what_it_can()); }

}  // namespace
}  // namespace berth::core
