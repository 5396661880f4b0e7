// SPDX-License-Identifier: Apache-2.0
#include "server/wiring.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <iostream>
#include <iterator>
#include <thread>

#include "async/always.h"
#include "async/race.h"
#include "async/task_group.h"
#include "async/time_limit.h"
#include "base/described.h"
#include "doors/rest/problem.h"
#include "doors/rest/rest_door.h"
#include "doors/ssh/ssh_door.h"
#include "doors/web/web_door.h"
#include "http/server.h"
#include "notifiers/webhook/webhook_notifier.h"
#include "recordings/files/file_archive.h"
#include "runtimes/local/local_images.h"
#include "runtimes/local/local_runtime.h"
#include "server/door_settings.h"
#include "server/memory.h"
#include "server/services.h"
#include "server/tls.h"
#include "stores/sql/sql_store.h"

namespace berth::server {
namespace {

constexpr Milliseconds stop_limit{5000};
constexpr Milliseconds warden_retry{1000};
constexpr Milliseconds longest_image_retry{600'000};

// Starting an instance is work of the kernel, on all processors.
std::uint32_t most_starting() { return 2 * std::max(1U, std::thread::hardware_concurrency()); }

}  // namespace

std::unique_ptr<core::Store> open_store(const Config& config, const async::Executor& executor) {
  stores::sql::Settings settings{.url = config.database.url, .password_file = config.database.password_file};
  if (settings.url.empty()) {
    settings.url = stores::sql::sqlite_url(own_folder(config) / "berth.sqlite");
  }
  return stores::sql::open(settings, executor);
}

class Wiring::Parts {
 public:
  Parts(async::Executor executor, Config config, Log log)
      : config_(std::move(config)),
        log_(std::move(log)),
        tasks_(executor, [this](const std::string& what) { log_(what); }),
        store_(open_store(config_, executor)),
        journal_(*store_, executor),
        warden_(executor, {.warden_socket = config_.warden_socket,
                           .image_folder = own_folder(config_, "scratch").string(),
                           .insecure_registries = config_.insecure_registries,
                           .largest_image = config_.limits.largest_upload}),
        runtime_(warden_),
        library_(warden_),
        links_(runtime_, tasks_),
        slots_(executor, most_starting()),
        pools_({.runtime = runtime_,
                .links = links_,
                .slots = slots_,
                .clock = clock_,
                .tasks = tasks_,
                .log = log_,
                .short_of_memory = short_of_memory}),
        reconciler_({.runtime = runtime_,
                     .journal = journal_,
                     .links = links_,
                     .pools = pools_,
                     .slots = slots_,
                     .clock = clock_,
                     .limits = host_limits(),
                     .tasks = tasks_,
                     .log = log_}),
        leases_(journal_, reconciler_, clock_),
        accounts_(journal_, clock_, config_.plan),
        ssh_keys_(journal_, clock_, config_.plan),
        instances_(journal_, reconciler_, leases_, runtime_, clock_, config_.plan),
        archive_(own_folder(config_, "recordings")),
        recorder_({.journal = journal_,
                   .links = links_,
                   .archive = archive_,
                   .clock = clock_,
                   .tasks = tasks_,
                   .limits = {.largest = config_.recordings.largest, .kept = config_.recordings.kept},
                   .log = log_}),
        recordings_(journal_, archive_, clock_),
        sessions_(journal_, instances_, links_, recorder_, clock_),
        images_(journal_, library_, pools_, clock_, tasks_),
        events_(journal_),
        services_({.journal = journal_,
                   .leases = leases_,
                   .reconciler = reconciler_,
                   .runtime = runtime_,
                   .clock = clock_,
                   .tasks = tasks_,
                   .log = log_}),
        lab_setup_({.journal = journal_,
                    .leases = leases_,
                    .reconciler = reconciler_,
                    .links = links_,
                    .library = library_,
                    .clock = clock_}),
        labs_({.journal = journal_,
               .setup = lab_setup_,
               .library = library_,
               .pools = pools_,
               .clock = clock_,
               .plans = config_.plan,
               .tasks = tasks_,
               .limits = {.least_ready = config_.labs.least_ready, .most_ready = config_.labs.most_ready}}),
        attempts_({.journal = journal_,
                   .leases = leases_,
                   .reconciler = reconciler_,
                   .runtime = runtime_,
                   .clock = clock_,
                   .tasks = tasks_,
                   .log = log_,
                   .on_solved = [this] { competitions_.solved(); },
                   .most_resumable = config_.labs.most_resumable}),
        competitions_(journal_, clock_, executor),
        invitations_(journal_, attempts_, clock_),
        notifier_(webhook_authorities(config_)),
        webhooks_({.journal = journal_, .notifier = notifier_, .clock = clock_, .log = log_}, tasks_),
        tcp_(executor, services_, relay_, clock_, log_),
        addresses_(config_, tcp_, token_sources()),
        register_({.journal = journal_,
                   .services = services_,
                   .addresses = addresses_,
                   .clock = clock_,
                   .tasks = tasks_,
                   .plans = config_.plan,
                   .configured = config_.service,
                   .configuration = config_.file,
                   .log = log_}),
        rest_({.accounts = accounts_,
               .ssh_keys = ssh_keys_,
               .instances = instances_,
               .sessions = sessions_,
               .recordings = recordings_,
               .images = images_,
               .events = events_,
               .offered = services_,
               .labs = labs_,
               .attempts = attempts_,
               .competitions = competitions_,
               .invitations = invitations_,
               .webhooks = webhooks_,
               .offers = register_,
               .pools = pools_,
               .journal = journal_,
               .links = links_,
               .clock = clock_,
               .health = [this] { return health(); },
               .ssh = [this] { return ssh_form(); },
               .gates = [this] { return tcp_.statuses(); }},
              rest_settings(config_)),
        web_(config_.console),
        server_(executor, http_settings(config_), router_, &Parts::answer_fault, log_) {
    rest_.add_routes(router_);
    web_.add_routes(router_);
    if (!config_.ssh.listen.empty()) {
      ssh_ = std::make_unique<doors::ssh::SshDoor>(
          executor, doors::ssh::Services{ssh_keys_, instances_, sessions_, clock_, log_}, ssh_settings(config_));
    }
  }

  async::Task<> open() {
    server_.listen();
    if (ssh_) {
      ssh_->listen();
      log_("SSH on port " + std::to_string(ssh_->port()) + ", host key " + ssh_->fingerprint());
    }
    if (!config_.tls.listen.empty()) {
      tcp_.listen_by_name(tls_settings(config_));
    }
    for (doors::tcp::Offer& offer : offers_of(config_, token_sources())) {
      tcp_.open(std::move(offer));
    }
    co_await keep_admin_token();
    co_await open_services();
    co_await labs_.open();
    co_await competitions_.open();
    co_await webhooks_.open();
  }

  async::Task<> serve() {
    tasks_.spawn(reconciler_.run());
    tasks_.spawn(pools_.run());
    tasks_.spawn(services_.run());
    tasks_.spawn(labs_.run());
    tasks_.spawn(attempts_.run());
    tasks_.spawn(recorder_.run());
    tasks_.spawn(tcp_.serve());
    tasks_.spawn(prepare_images());
    if (ssh_) {
      tasks_.spawn(ssh_->serve());
    }
    co_await async::always(server_.serve(), stop());
  }

  std::string url() const { return public_url(config_, server_.port()); }

 private:
  async::Task<> stop() {
    if (!co_await tasks_.stop(stop_limit)) {
      log_("some tasks did not end in time");
    }
  }

  TokenSources token_sources() { return {.journal = journal_, .clock = clock_, .tasks = tasks_, .log = log_}; }

  core::HostLimits host_limits() const {
    return {.most_active = config_.limits.most_active,
            .most_queued = config_.limits.most_queued,
            .most_starting = most_starting(),
            .history = config_.limits.history};
  }

  static http::Response answer_fault(const http::Exchange& /*exchange*/, const Error& error,
                                     std::optional<int> status) {
    return doors::rest::problem(error, status);
  }

  async::Task<> open_services() {
    for (const PoolConfig& pool : config_.pool) {
      pools_.add({.image = ImageName(pool.image),
                  .plan = *std::ranges::find(config_.plan, pool.plan, &core::Plan::name),
                  .launch = {},
                  .least = pool.least,
                  .most = pool.most});
    }
    co_await register_.open();
  }

  // A token that still works stays as it is: scripts hold it.
  async::Task<> keep_admin_token() {
    const std::filesystem::path file = own_folder(config_) / "admin-token";
    std::optional<Secret> known;
    if (std::filesystem::exists(file)) {
      known = read_secret_file(file);
    }
    bool works = false;
    try {
      if (known) {
        co_await accounts_.authenticate(*known);
        works = true;
      }
    } catch (const Error& error) {
      if (error.kind() != ErrorKind::unauthenticated) {
        throw;
      }
    }
    if (!works) {
      write_secret_file(file, co_await accounts_.bootstrap_token());
    }
  }

  async::Task<> prepare_images() {
    for (Milliseconds again = warden_retry;; again = std::min(2 * again, longest_image_retry)) {
      try {
        const core::RuntimeCapabilities capabilities = co_await runtime_.capabilities();
        std::vector<std::string> wanted;
        std::ranges::copy_if(config_.built_in_images, std::back_inserter(wanted), [&](const std::string& name) {
          return std::ranges::find(capabilities.recipes, name) != capabilities.recipes.end();
        });
        co_await images_.prepare_built_in(std::move(wanted));
        co_return;
      } catch (const Error& error) {
        log_(std::string("images: ") + error.what());
      }
      co_await async::pause_for(again);
    }
  }

  doors::rest::SshForm ssh_form() const {
    if (!ssh_) {
      return {};
    }
    return {.enabled = true, .address = ssh_host(config_), .port = ssh_->port(), .fingerprint = ssh_->fingerprint()};
  }

  async::Task<std::vector<doors::rest::CheckForm>> health() {
    std::vector<doors::rest::CheckForm> checks;
    checks.push_back(co_await check("store", ask_store()));
    checks.push_back(co_await check("runtime", ask_runtime()));
    co_return checks;
  }

  async::Task<std::string> ask_store() {
    co_await journal_.transact([](core::Transaction& transaction) { return transaction.last_event_sequence(); });
    co_return "answers";
  }

  async::Task<std::string> ask_runtime() { co_return (co_await runtime_.capabilities()).runtime; }

  static async::Task<doors::rest::CheckForm> check(std::string name, async::Task<std::string> work) {
    try {
      std::string detail = co_await async::with_limit(std::move(work), Seconds{5}, "no answer within 5 seconds");
      co_return doors::rest::CheckForm{std::move(name), true, std::move(detail)};
    } catch (const Error& error) {
      co_return doors::rest::CheckForm{std::move(name), false, error.what()};
    }
  }

  Config config_;
  Log log_;
  SystemClock clock_;
  async::TaskGroup tasks_;
  std::unique_ptr<core::Store> store_;
  core::Journal journal_;
  runtimes::local::WardenClient warden_;
  runtimes::local::LocalRuntime runtime_;
  runtimes::local::LocalImages library_;
  core::AgentLinks links_;
  core::StartSlots slots_;
  core::Pools pools_;
  core::Reconciler reconciler_;
  core::Leases leases_;
  core::Accounts accounts_;
  core::SshKeys ssh_keys_;
  core::Instances instances_;
  recordings::files::FileArchive archive_;
  core::Recorder recorder_;
  core::Recordings recordings_;
  core::Sessions sessions_;
  core::Images images_;
  core::Events events_;
  core::Services services_;
  core::LabSetup lab_setup_;
  core::Labs labs_;
  core::Attempts attempts_;
  core::Competitions competitions_;
  core::Invitations invitations_;
  notifiers::webhook::WebhookNotifier notifier_;
  core::Webhooks webhooks_;
  relay::Relay relay_;
  doors::tcp::TcpDoor tcp_;
  TcpAddresses addresses_;
  core::ServiceRegister register_;
  doors::rest::RestDoor rest_;
  doors::web::WebDoor web_;
  http::Router router_;
  http::Server server_;
  std::unique_ptr<doors::ssh::SshDoor> ssh_;  // none: not configured
};

Wiring::Wiring(async::Executor executor, Config config, Log log)
    : parts_(std::make_unique<Parts>(std::move(executor), std::move(config), std::move(log))) {}
Wiring::~Wiring() = default;
async::Task<> Wiring::open() { return parts_->open(); }
async::Task<> Wiring::serve() { return parts_->serve(); }
std::string Wiring::url() const { return parts_->url(); }

async::Task<> print_login_link(async::Executor executor, Config config) {
  const auto store = open_store(config, executor);
  core::Journal journal(*store, executor);
  const SystemClock clock;
  core::Accounts accounts(journal, clock, config.plan);
  const core::LoginLink link = co_await accounts.administrator_link();
  const std::string url = public_url(config, parse_address(config.listen).port);
  std::cout << url << "/login#code=" << link.code.reveal() << std::endl;
}

}  // namespace berth::server
