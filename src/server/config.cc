// SPDX-License-Identifier: Apache-2.0
#include "server/config.h"

#include <charconv>
#include <set>
#include <sstream>

#include "base/described.h"
#include "base/error.h"
#include "base/toml.h"
#include "server/services.h"
#include "server/tls.h"

namespace berth::server {

Config read_config(const std::filesystem::path& file) {
  Config config;
  config.folder = std::filesystem::absolute(file).parent_path();
  config.file = file;
  const boost::json::value json = read_toml_file(file);
  if (json.as_object().contains("plan")) {
    config.plan.clear();
  }
  try {
    from_json(json, config, Missing::keeps_default);
  } catch (const Error& error) {
    throw Error(error.kind(), file.string() + ": " + error.what(), error.field());
  }
  return config;
}

Address parse_address(const std::string& text) {
  const std::size_t colon = text.rfind(':');
  Address address;
  std::uint32_t port = 65'536;
  if (colon != std::string::npos) {
    address.host = text.substr(0, colon);
    if (address.host.starts_with('[') && address.host.ends_with(']')) {
      address.host = address.host.substr(1, address.host.size() - 2);
    }
    const auto [end, fault] = std::from_chars(text.data() + colon + 1, text.data() + text.size(), port);
    if (fault != std::errc{} || end != text.data() + text.size()) {
      port = 65'536;
    }
  }
  if (port > 65'535 || address.host.empty()) {
    throw Error(ErrorKind::invalid_argument,
                "'" + text + "' is not an address to listen on; write for example 127.0.0.1:8080", "listen");
  }
  address.port = static_cast<std::uint16_t>(port);
  return address;
}

PortRange parse_ports(const std::string& text) {
  const auto number = [](std::string_view digits) {
    std::uint16_t port = 0;
    const auto [end, fault] = std::from_chars(digits.data(), digits.data() + digits.size(), port);
    return fault == std::errc{} && end == digits.data() + digits.size() ? port : std::uint16_t{0};
  };
  const std::size_t dash = text.find('-');
  const PortRange range{.first = number(std::string_view(text).substr(0, dash)),
                        .last = number(std::string_view(text).substr(dash == std::string::npos ? 0 : dash + 1))};
  if (range.first == 0 || range.last < range.first) {
    throw Error(ErrorKind::invalid_argument, "'" + text + "' is no range of ports; write for example 7000-7999");
  }
  return range;
}

std::vector<std::string> faults_of(const Config& config) {
  std::vector<std::string> faults;
  try {
    parse_address(config.listen);
  } catch (const Error& error) {
    faults.emplace_back(error.what());
  }
  if (!config.ssh.listen.empty()) {
    try {
      parse_address(config.ssh.listen);
    } catch (const Error& error) {
      faults.emplace_back(std::string("ssh.listen: ") + error.what());
    }
  }
  if (!config.public_url.empty() &&
      ((!config.public_url.starts_with("http://") && !config.public_url.starts_with("https://")) ||
       config.public_url.ends_with('/'))) {
    faults.emplace_back("public_url must begin with http:// or https:// and not end with a slash");
  }
  if (!config.data_dir.starts_with('/')) {
    faults.emplace_back("data_dir must be an absolute path");
  }
  if (config.plan.empty()) {
    faults.emplace_back("there must be at least one [[plan]]");
  }
  std::set<std::string> names;
  for (const core::Plan& plan : config.plan) {
    for (std::string& fault : core::faults_of(plan)) {
      faults.push_back(std::move(fault));
    }
    if (!names.insert(plan.name).second) {
      faults.push_back("there are two plans named '" + plan.name + "'");
    }
  }
  for (const PoolConfig& pool : config.pool) {
    if (!names.contains(pool.plan)) {
      faults.push_back("a [[pool]] names the plan '" + pool.plan + "', which there is not");
    }
    if (!is_name(pool.image)) {
      faults.push_back("a [[pool]] has the image '" + pool.image + "', which is no image name");
    }
    if (pool.most < pool.least || pool.most > config.limits.most_active) {
      faults.push_back("a [[pool]] needs least <= most <= limits.most_active");
    }
  }
  for (std::string& fault : faults_of_services(config)) {
    faults.push_back(std::move(fault));
  }
  for (std::string& fault : faults_of_tls(config)) {
    faults.push_back(std::move(fault));
  }
  if (config.labs.most_ready < config.labs.least_ready) {
    faults.emplace_back("labs needs least_ready <= most_ready");
  }
  if (config.labs.most_resumable == 0) {
    faults.emplace_back("labs.most_resumable must be at least 1");
  }
  if (config.ssh.silence_limit < Seconds{3}) {
    faults.emplace_back("ssh.silence_limit must be at least 3s");
  }
  if (config.limits.history < Seconds{3600}) {
    faults.emplace_back("limits.history must be at least 1h");
  }
  if (config.recordings.largest < 64_KiB) {
    faults.emplace_back("recordings.largest must be at least 64KiB");
  }
  if (config.limits.most_active == 0) {
    faults.emplace_back("limits.most_active must be at least 1");
  }
  return faults;
}

namespace {

std::string text_of(std::string_view text) { return print_json(boost::json::string(text)); }

std::string list_text(const std::vector<std::string>& texts) {
  std::string list;
  for (const std::string& text : texts) {
    list += (list.empty() ? "" : ", ") + text_of(text);
  }
  return "[" + list + "]";
}

void print_ssh(std::ostream& out, const Ssh& ssh) {
  out << "\n[ssh]\n"
      << "listen = " << text_of(ssh.listen) << "  # for example 0.0.0.0:2222; empty: no SSH\n"
      << "host = " << text_of(ssh.host) << "  # as visitors write it; empty: that of public_url\n"
      << "guests = " << (ssh.guests ? "true" : "false")
      << "  # an unknown key makes a guest account, where a plan is for guests\n"
      << "most_connections = " << ssh.most_connections << "\n"
      << "most_strangers = " << ssh.most_strangers << "  # connections that have not signed in yet\n"
      << "most_strangers_per_address = " << ssh.most_strangers_per_address << "\n"
      << "most_failures_per_minute = " << ssh.most_failures_per_minute << "  # of one address\n"
      << "silence_limit = " << text_of(format_duration(ssh.silence_limit))
      << "  # a client that acknowledges nothing for so long is dead\n";
}

void print_plan(std::ostream& out, const core::Plan& plan) {
  out << "\n[[plan]]\n"
      << "name = " << text_of(plan.name) << "\n"
      << "description = " << text_of(plan.description) << "\n"
      << "cpu_percent = " << plan.cpu_percent << "\n"
      << "memory = " << text_of(format_bytes(plan.memory)) << "\n"
      << "disk = " << text_of(format_bytes(plan.disk)) << "\n"
      << "disk_kind = " << text_of(enum_name(plan.disk_kind)) << "  # memory or disk\n"
      << "processes = " << plan.processes << "\n"
      << "open_files = " << plan.open_files << "\n"
      << "egress = " << text_of(enum_name(plan.egress)) << "  # none, dns_icmp or full\n"
      << "egress_kilobits = " << plan.egress_kilobits << "\n"
      << "no_new_privileges = " << (plan.no_new_privileges ? "true" : "false") << "\n"
      << "lifetime = " << text_of(format_duration(plan.lifetime)) << "\n"
      << "longest_lifetime = " << text_of(format_duration(plan.longest_lifetime)) << "\n"
      << "grace = " << text_of(format_duration(plan.grace)) << "\n"
      << "most_per_account = " << plan.most_per_account << "\n"
      << "guests = " << (plan.guests ? "true" : "false") << "\n"
      << "ssh = " << (plan.ssh ? "true" : "false") << "\n"
      << "recording = " << text_of(enum_name(plan.recording)) << "  # of terminals: none, private or public\n";
}

void print_service(std::ostream& out, const core::ServiceDefinition& service) {
  out << "\n[[service]]\n";
  const boost::json::value json = to_json(service);
  for (const auto& [key, value] : json.as_object()) {
    out << std::string_view(key) << " = ";
    if (key.ends_with("_limit")) {
      out << text_of(format_duration(Seconds{value.as_int64()}));
    } else {
      out << print_json(value);
    }
    out << "\n";
  }
}

void print_pools(std::ostream& out, const Config& config) {
  if (config.pool.empty()) {
    out << "\n# Instances kept ready, so that who asks for one need not wait:\n"
        << "# [[pool]]\n# image = \"busybox\"\n# plan = \"small\"\n# least = 2  # always\n"
        << "# most = 10  # at times of demand\n";
  }
  for (const PoolConfig& pool : config.pool) {
    out << "\n[[pool]]\n"
        << "image = " << text_of(pool.image) << "\n"
        << "plan = " << text_of(pool.plan) << "\n"
        << "least = " << pool.least << "\n"
        << "most = " << pool.most << "\n";
  }
}

}  // namespace

std::string print_config(const Config& config) {
  std::ostringstream out;
  out << "# The configuration of berthd. Every key may be left out; these are the defaults.\n"
      << "# Check a changed file with: berthd --check --config FILE\n\n"
      << "listen = " << text_of(config.listen) << "\n"
      << "public_url = " << text_of(config.public_url) << "  # as visitors write it; empty: from listen\n"
      << "data_dir = " << text_of(config.data_dir) << "\n"
      << "warden_socket = " << text_of(config.warden_socket) << "\n"
      << "console = " << text_of(config.console) << "\n"
      << "built_in_images = " << list_text(config.built_in_images) << "\n"
      << "insecure_registries = " << list_text(config.insecure_registries)
      << "  # host:port of registries without TLS\n"
      << "\n[database]\n"
      << "url = " << text_of(config.database.url)
      << "  # empty: SQLite in data_dir; or postgresql://user@host/database\n"
      << "password_file = " << text_of(config.database.password_file) << "\n"
      << "\n[limits]\n"
      << "most_active = " << config.limits.most_active << "  # instances at a time; more wait in the queue\n"
      << "most_queued = " << config.limits.most_queued << "\n"
      << "most_connections = " << config.limits.most_connections << "\n"
      << "largest_upload = " << text_of(format_bytes(config.limits.largest_upload)) << "\n"
      << "history = " << text_of(format_duration(config.limits.history))
      << "  # events and what is gone are forgotten after this\n"
      << "\n[recordings]\n"
      << "largest = " << text_of(format_bytes(config.recordings.largest))
      << "  # what one terminal shows beyond that is not recorded\n"
      << "kept = " << text_of(format_duration(config.recordings.kept)) << "  # after their end\n";
  out << "\n[labs]\n"
      << "least_ready = " << config.labs.least_ready << "  # machines of each lab in the catalogue kept ready\n"
      << "most_ready = " << config.labs.most_ready << "  # at times of demand; 0: none\n"
      << "most_resumable = " << config.labs.most_resumable
      << "  # attempts at resumable labs that one account may have at a time\n";
  print_ssh(out, config.ssh);
  print_tls(out, config.tls);
  out << "\n[webhooks]\n"
      << "ca_file = " << text_of(config.webhooks.ca_file)
      << "  # PEM: authorities whose certificates webhooks may have, besides those the system trusts\n";
  for (const core::Plan& plan : config.plan) {
    print_plan(out, plan);
  }
  print_pools(out, config);
  out << "\n[services]\n"
      << "listen = " << list_text(config.services.listen)
      << "  # IP addresses that services made by API may listen on; none: by TLS only\n"
      << "ports = " << text_of(config.services.ports) << "  # and the ports\n";
  if (config.service.empty()) {
    out << "\n# A program in instances that people reach over a socket; docs/operations.md tells more:\n"
        << "# [[service]]\n# name = \"echo\"\n# listen = \"127.0.0.1:7000\"\n# image = \"busybox\"\n"
        << "# command = [\"nc\", \"-lk\", \"-p\", \"1337\", \"-e\", \"cat\"]\n# port = 1337\n# plan = \"small\"\n"
        << "# mode = \"per_connection\"  # or \"token\" with tokens_from\n";
  }
  for (const core::ServiceDefinition& service : config.service) {
    print_service(out, service);
  }
  return out.str();
}

std::filesystem::path own_folder(const Config& config, const std::string& name) {
  const std::filesystem::path path = std::filesystem::path(config.data_dir) / "server" / name;
  std::error_code fault;
  std::filesystem::create_directories(path, fault);
  if (fault) {
    throw Error(ErrorKind::unavailable, "cannot make " + path.string() + ": " + fault.message() +
                                            "; make it and give it to the user who runs berthd");
  }
  return path;
}

}  // namespace berth::server
