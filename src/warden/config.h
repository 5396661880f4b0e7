// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <boost/describe.hpp>
#include <cstdint>
#include <string>
#include <vector>

#include "base/bytes.h"

namespace berth::warden {

// What the warden is told at its start. The same keys in TOML; on the command line with dashes.
struct Config {
  std::string data_dir = "/var/lib/berth";  // images, instances, each in a folder of root's
  std::string run_dir = "/run/berth";       // socket and what does not outlive a boot
  std::string name = "berth";               // of our cgroups, links and firewall table
  std::string client_user = "berth";        // who may ask, besides root
  std::string agent;                        // empty: berth-agent beside this program
  std::string recipes = "/usr/share/berth/images";
  std::string runtime = "runc";                                 // any program with runc's command line
  std::string network = "100.64.0.0/10";                        // one address of it for each instance with egress
  std::uint32_t first_uid = 0x10000000;                         // 65,536 of them for each instance, from here on
  std::vector<std::string> resolvers = {"9.9.9.9", "1.1.1.1"};  // IPv4 addresses of name servers for instances
  Bytes largest_image = 32_GiB;                                 // unpacked
  std::uint64_t most_image_files = 2'000'000;
};
BOOST_DESCRIBE_STRUCT(Config, (),
                      (data_dir, run_dir, name, client_user, agent, recipes, runtime, network, first_uid, resolvers,
                       largest_image, most_image_files))

// Throws Error{invalid_argument} with the path of the key for an unknown key or a wrong type, and with the line for
// what is no TOML.
Config parse_config(std::string_view toml);
Config read_config(const std::string& file);

// Throws Error{invalid_argument} for the first value out of its bounds.
void check_config(const Config& config);

}  // namespace berth::warden
