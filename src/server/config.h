// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <boost/describe/class.hpp>
#include <boost/describe/enum.hpp>
#include <filesystem>
#include <string>
#include <vector>

#include "core/plan.h"
#include "core/recorder.h"
#include "core/service_definition.h"
#include "core/transitions.h"

namespace berth::server {

struct Limits {
  std::uint32_t most_active = 64;    // instances that are starting, running or asleep; more wait in the queue
  std::uint32_t most_queued = 1000;  // waiting instances; more are refused
  std::uint32_t most_connections = 10'000;
  Bytes largest_upload = 16_GiB;
  Seconds history{30 * 24 * 3600};  // events and what is gone are forgotten after this
};
BOOST_DESCRIBE_STRUCT(Limits, (), (most_active, most_queued, most_connections, largest_upload, history))

// Instances kept ready, so that who asks for one need not wait.
struct PoolConfig {
  std::string image;
  std::string plan;
  std::uint32_t least = 0;  // always
  std::uint32_t most = 0;   // at times of demand
};
BOOST_DESCRIBE_STRUCT(PoolConfig, (), (image, plan, least, most))

// How many machines of each lab in the catalogue are kept ready, and how many attempts are.
struct Labs {
  std::uint32_t least_ready = 1;     // always
  std::uint32_t most_ready = 4;      // at times of demand; 0: none
  std::uint32_t most_resumable = 1;  // attempts of one account at resumable labs that are not over
};
BOOST_DESCRIBE_STRUCT(Labs, (), (least_ready, most_ready, most_resumable))

struct Database {
  std::string url;            // empty: SQLite in the data directory
  std::string password_file;  // of PostgreSQL
};
BOOST_DESCRIBE_STRUCT(Database, (), (url, password_file))

// The SSH door.
struct Ssh {
  std::string listen;  // address and port; empty: no SSH
  std::string host;    // as visitors write it; empty: that of public_url
  bool guests = true;  // an unknown key makes a guest account, where a plan is for guests
  std::uint32_t most_connections = 1000;
  std::uint32_t most_strangers = 100;  // connections that have not signed in yet
  std::uint32_t most_strangers_per_address = 10;
  std::uint32_t most_failures_per_minute = 20;  // connections of one address that end without signing in
  Seconds silence_limit{60};                    // a peer that acknowledges nothing for so long is dead
};
BOOST_DESCRIBE_STRUCT(Ssh, (),
                      (listen, host, guests, most_connections, most_strangers, most_strangers_per_address,
                       most_failures_per_minute, silence_limit))

// Recordings of terminals, where the plan of an instance asks for them.
struct RecordingsConfig {
  Bytes largest = core::RecordingLimits{}.largest;
  Seconds kept = core::RecordingLimits{}.kept;
};
BOOST_DESCRIBE_STRUCT(RecordingsConfig, (), (largest, kept))

// PEM files, relative to the configuration's folder.
struct TlsCertificate {
  std::string certificate;  // and its chain
  std::string key;
};
BOOST_DESCRIBE_STRUCT(TlsCertificate, (), (certificate, key))

// One address where the services that have tls_names are told apart by name.
struct Tls {
  std::string listen;                    // address and port; empty: no TLS
  bool proxy_protocol = false;           // every connection begins with a header of it, before TLS
  Seconds handshake_limit{10};           // with the header
  std::uint32_t most_handshakes = 1000;  // unfinished ones; beyond that the oldest gives way
  std::uint32_t most_handshakes_per_address = 100;
  std::vector<TlsCertificate> certificate;
};
BOOST_DESCRIBE_STRUCT(Tls, (),
                      (listen, proxy_protocol, handshake_limit, most_handshakes, most_handshakes_per_address,
                       certificate))

// Of all webhooks: those that events go to, and those that are asked for tokens.
struct WebhooksConfig {
  std::string ca_file;  // PEM; authorities trusted besides the system's; empty: none
};
BOOST_DESCRIBE_STRUCT(WebhooksConfig, (), (ca_file))

// What services made by API may listen on.
struct ServicesByApi {
  std::vector<std::string> listen = {"127.0.0.1"};  // IP addresses; none: they are reached by TLS only
  std::string ports = "7000-7999";                  // for the port 0 a free one of them
};
BOOST_DESCRIBE_STRUCT(ServicesByApi, (), (listen, ports))

// The configuration of berthd. Every key has a default; the same names in TOML.
struct Config {
  std::string listen = "127.0.0.1:8080";
  std::string public_url;  // as visitors write it, without a slash at the end; empty: http:// and the listen address
  std::string data_dir = "/var/lib/berth";
  std::string warden_socket = "/run/berth/warden.sock";
  std::string console = "/usr/share/berth/console";
  std::vector<std::string> built_in_images = {"busybox", "debian"};
  std::vector<std::string> insecure_registries;  // host:port of registries without TLS
  Database database;
  Limits limits;
  Labs labs;
  RecordingsConfig recordings;
  Ssh ssh;
  Tls tls;
  WebhooksConfig webhooks;
  std::vector<core::Plan> plan = core::default_plans();
  std::vector<PoolConfig> pool;
  ServicesByApi services;
  std::vector<core::ServiceDefinition> service;
  std::string folder;  // relative names of files begin here; not a key
  std::string file;    // it was read from; not a key
};
BOOST_DESCRIBE_STRUCT(Config, (),
                      (listen, public_url, data_dir, warden_socket, console, built_in_images, insecure_registries,
                       database, limits, labs, recordings, ssh, tls, webhooks, plan, pool, services, service))

// The defaults with what the file says on top. Throws Error{invalid_argument} with the path of a key at fault.
Config read_config(const std::filesystem::path& file);
// Every fault as a sentence.
std::vector<std::string> faults_of(const Config& config);
// The configuration as commented TOML.
std::string print_config(const Config& config);

struct Address {
  std::string host;
  std::uint16_t port = 0;
};
// "127.0.0.1:8080" or "[::1]:8080". Throws Error{invalid_argument}.
Address parse_address(const std::string& text);

struct PortRange {
  std::uint16_t first = 0;
  std::uint16_t last = 0;
};
// "7000-7999", or one port. Throws Error{invalid_argument}.
PortRange parse_ports(const std::string& text);

// Where berthd keeps its own files: DIR/server. DIR itself belongs to root.
std::filesystem::path own_folder(const Config& config, const std::string& name = {});

}  // namespace berth::server
