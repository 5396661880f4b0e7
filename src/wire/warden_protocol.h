// SPDX-License-Identifier: Apache-2.0
#pragma once

// The warden protocol: what berthd (unprivileged) may ask of the warden (root).
//
// Carrier: a unix SOCK_SEQPACKET socket, one JSON message of at most max_warden_message bytes a packet, descriptors
// passed with SCM_RIGHTS. Each connection is served by a thread of its own, one request at a time, in order; berthd
// opens as many connections as it wants operations at once (at most max_warden_connections).
//
// A request is {"operation": name, ...its fields}. The answer is {"result": …} or {"error": {"kind", "message"}}; the
// long operations send {"progress": {"fraction", "note"}} messages before it. A peer that breaks the form is
// disconnected.
//
// The warden takes ids, names and bounded numbers: never a path, a mount option, a capability list or an OCI config.
// Every operation may be repeated after a lost answer.

#include <boost/describe.hpp>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "wire/check.h"

namespace berth::wire {

inline constexpr int warden_protocol_version = 1;
inline constexpr std::size_t max_warden_message = 256 * 1024;
inline constexpr int max_warden_connections = 64;

enum class Operation {
  hello,         // {version}                      → Capabilities
  create,        // {id, spec}                     → {}      make or start it; running already: success
  stop,          // {id}                           → {}      end its processes, keep its disk; unknown: success
  destroy,       // {id}                           → {}      and its disk; unknown: success
  list,          // {}                             → [InstanceStatus]
  pause,         // {id}                           → {}
  resume,        // {id}                           → {}
  usage,         // {id}                           → Usage
  agent,         // {id}                           → {} + 1 descriptor: a new connection to its agent
  connect,       // {id, port}                     → {} + 1 descriptor: TCP to 127.0.0.1:port inside
  export_disk,   // {id}                           → {} + 1 descriptor: a pipe with a tar of its whole file system
  watch,         // {}                             → {} and then {"exited": InstanceStatus} for each end, for ever
  list_images,   // {}                             → [ImageStatus]
  build_image,   // {name}                         → ImageStatus   a built-in recipe; long: progress
  import_image,  // {name, form} + 1 descriptor    → ImageStatus   a regular file (tar, possibly compressed), or a
                 //                                  directory (OCI layout with one image); long: progress
  remove_image,  // {name}                         → {}      in use: conflict; unknown: success
  commit_image,  // {id, name}                     → ImageStatus   what the stopped instance changed, as a layer over
                 //                                  its image; one of that name is replaced
  check,         // {id, check} + 1 descriptor     → CheckReport   runs the script (a regular file or memfd of at most
                 //                                  longest_check bytes) against the running instance
};
BOOST_DESCRIBE_ENUM(Operation, hello, create, stop, destroy, list, pause, resume, usage, agent, connect, export_disk,
                    watch, list_images, build_image, import_image, remove_image, commit_image, check)

enum class Egress { none, dns_icmp, full };
BOOST_DESCRIBE_ENUM(Egress, none, dns_icmp, full)

enum class DiskKind { memory, disk };
BOOST_DESCRIBE_ENUM(DiskKind, memory, disk)

enum class ImageForm { tar, oci };
BOOST_DESCRIBE_ENUM(ImageForm, tar, oci)

// A network of a few instances among themselves, with no way out of it. The machine at `position` has the address
// 192.168.77.(10 + position) and finds the others by name.
struct MachineNetwork {
  std::string name;  // of the network: 1 to 64 of a-z, 0-9 and dashes
  std::uint32_t position = 0;
  std::vector<std::string> machines;  // their names in order, at most most_machines

  bool operator==(const MachineNetwork&) const = default;
};
BOOST_DESCRIBE_STRUCT(MachineNetwork, (), (name, position, machines))

inline constexpr std::size_t most_machines = 8;

struct InstanceSpec {
  std::string image;
  std::string hostname;             // letters, digits and dashes, at most 63
  std::uint32_t cpu_percent = 100;  // of one core
  Bytes memory = 256_MiB;           // no swap on top
  std::uint32_t processes = 256;
  std::uint32_t open_files = 1024;
  Bytes disk = 1_GiB;
  DiskKind disk_kind = DiskKind::memory;
  std::uint32_t inodes = 100'000;  // of a memory disk
  Egress egress = Egress::none;
  std::uint32_t egress_kilobits = 10'000;  // per second, each way, of `full`
  bool no_new_privileges = false;
  bool read_only = false;            // the root file system; /tmp and /run are then small and in memory
  std::vector<std::string> command;  // of the service; empty: the image's
  std::string service_user;          // name or number, [:group]; empty: the image's
  std::optional<MachineNetwork> network;
};
BOOST_DESCRIBE_STRUCT(InstanceSpec, (),
                      (image, hostname, cpu_percent, memory, processes, open_files, disk, disk_kind, inodes, egress,
                       egress_kilobits, no_new_privileges, read_only, command, service_user, network))

inline constexpr std::size_t longest_command = 16 * 1024;  // bytes of all words of a service's command

struct Capabilities {
  int version = 0;
  std::string runtime;               // "runc 1.1.5"
  std::uint32_t most_instances = 0;  // how many uid ranges and addresses there are
  std::vector<std::string> recipes;  // names build_image takes
};
BOOST_DESCRIBE_STRUCT(Capabilities, (), (version, runtime, most_instances, recipes))

enum class InstanceActivity { running, paused, stopped };
BOOST_DESCRIBE_ENUM(InstanceActivity, running, paused, stopped)

struct InstanceStatus {
  std::string id;
  std::string image;
  InstanceActivity activity = InstanceActivity::stopped;
  bool out_of_memory = false;  // its memory limit killed a process since it started
};
BOOST_DESCRIBE_STRUCT(InstanceStatus, (), (id, image, activity, out_of_memory))

// Read from outside the instance: it cannot lie about these.
struct Usage {
  std::uint64_t cpu_microseconds = 0;  // since it started
  Bytes memory;                        // now, without reclaimable file cache
  Bytes memory_limit;
  std::uint64_t processes = 0;
  Bytes disk;
  Bytes disk_limit;
  Bytes received;  // by the instance, since it started
  Bytes sent;
  std::uint64_t out_of_memory_kills = 0;
};
BOOST_DESCRIBE_STRUCT(Usage, (),
                      (cpu_microseconds, memory, memory_limit, processes, disk, disk_limit, received, sent,
                       out_of_memory_kills))

struct ImageStatus {
  std::string name;
  Bytes size;                            // of its own files; what it lies over is counted there
  std::vector<std::string> command;      // of its service, if it has one (OCI entrypoint + cmd of a pulled image)
  std::vector<std::string> environment;  // NAME=value
  std::string directory;                 // working directory
  std::string user;
  std::optional<std::string> base;  // the image it is a layer over
};
BOOST_DESCRIBE_STRUCT(ImageStatus, (), (name, size, command, environment, directory, user, base))

inline constexpr std::size_t most_layers = 8;  // of an image over the one that stands alone

struct Progress {
  double fraction = 0;  // 0 to 1
  std::string note;     // "installing packages"
};
BOOST_DESCRIBE_STRUCT(Progress, (), (fraction, note))

// One request with every field any operation has; the warden refuses fields its operation does not take.
struct Request {
  Operation operation = Operation::hello;
  std::optional<int> version;
  std::optional<std::string> id;
  std::optional<std::string> name;
  std::optional<std::uint16_t> port;
  std::optional<ImageForm> form;
  std::optional<InstanceSpec> spec;
  std::optional<CheckSpec> check;
};
BOOST_DESCRIBE_STRUCT(Request, (), (operation, version, id, name, port, form, spec, check))

}  // namespace berth::wire
