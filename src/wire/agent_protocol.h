// SPDX-License-Identifier: Apache-2.0
#pragma once

// The agent protocol: what berthd and the agent (PID 1 of an instance) say to each other.
//
// Carrier: a unix SOCK_SEQPACKET connection; one packet is one frame, so a reader is never out of step. The agent
// listens on agent_listen_descriptor; each accepted connection is a fresh *link*. A new link takes over: the agent
// closes the one before. Sessions belong to the agent, not to a link, and survive it.
//
// A frame is a 16-byte header (little endian) and a payload of at most max_payload bytes:
//   u8 type · u8 stream · u16 zero · u32 session · u64 offset
//
// The first frame each way is `hello`. The agent's hello lists the sessions it still holds; none of them sends output
// on this link before it is attached (`attach`) or opened (`open`).
//
// Output: stdout and stderr of a session are one sequence of bytes, each frame tagged with its stream; `offset` is the
// position of the frame's first byte in that sequence. The agent keeps what was not acknowledged, at most
// output_window bytes, and then stops reading from the program. `acknowledge` from the host frees up to `offset`; the
// agent still retains the last scrollback_window bytes for `attach` at an older offset. An `attach` before what is
// retained starts at the oldest retained byte. Once everything up to the end has been sent and the program has ended,
// `exited` follows (again after each attach). A session is forgotten on `close`, or, when its program has ended,
// once `exited` and all output were acknowledged by `close`.
//
// Input: the host may send up to input_window bytes beyond the last `input_acknowledged` offset. After a new link it
// goes on at `input_end` of the hello; bytes before that are skipped, a gap breaks the protocol. Input, signals and the
// like for a session that was refused or closed are ignored: they may have crossed the answer.
//
// A `command` ends when its program has ended and its pipes are closed; if something it left behind holds them open,
// once they have been empty 250 ms after its end.
//
// Everything from the agent is hostile: decode() throws Error{instance_fault} and the reader drops the link.

#include <boost/describe/enum.hpp>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace berth::wire {

inline constexpr int agent_protocol_version = 1;
inline constexpr int agent_listen_descriptor = 3;           // inherited by the agent from the OCI runtime
inline constexpr int agent_filter_descriptor = 4;           // the same: a file of struct sock_filter
inline constexpr const char* agent_path = "/.berth/agent";  // where its binary is mounted in the instance, read-only
inline constexpr std::size_t header_size = 16;
inline constexpr std::size_t max_payload = 32 * 1024;
inline constexpr std::size_t max_frame = header_size + max_payload;
inline constexpr std::uint64_t output_window = 256 * 1024;
inline constexpr std::uint64_t scrollback_window = 256 * 1024;
inline constexpr std::uint64_t input_window = 256 * 1024;
inline constexpr std::size_t max_sessions = 64;  // open at one time in one instance

enum class FrameType : std::uint8_t {
  hello = 1,                // both ways. Payload: HostHello or AgentHello
  open = 2,                 // host → agent. Payload: OpenSession; `session` is chosen by the host, not 0, not in use
  opened = 3,               // agent → host. The session runs
  refused = 4,              // agent → host. The session did not start or does not exist. Payload: Refusal
  attach = 5,               // host → agent. Send output from `offset` on
  output = 6,               // agent → host. `stream`, `offset`, payload: bytes
  acknowledge = 7,          // host → agent. Everything before `offset` arrived
  input = 8,                // host → agent. `offset`, payload: bytes for stdin
  input_end = 9,            // host → agent. Close stdin (a terminal gets its end-of-file character)
  input_acknowledged = 10,  // agent → host. The program took everything before `offset`
  resize = 11,              // host → agent. Payload: WindowSize
  signal = 12,              // host → agent. Payload: SignalSession
  exited = 13,              // agent → host. Payload: SessionExit; `offset` is the end of the output
  close = 14,               // host → agent. Kill what still runs (SIGHUP, then SIGKILL), forget the session
  list_ports = 15,          // host → agent. `session` is a request number
  ports = 16,               // agent → host. Payload: ListeningPorts
  service_state = 17,       // agent → host, also unasked. Payload: ServiceState
};

enum class Stream : std::uint8_t { none = 0, standard_output = 1, standard_error = 2 };

// What a session runs. The five below `command` are the agent itself in a child process: they speak tar, raw bytes or
// SFTP on standard input and output, report faults in one sentence on standard error, and exit with 0 or 1.
enum class SessionKind {
  terminal,    // `command` on a new pseudo terminal; empty command: the user's login shell
  command,     // `command` with separate pipes
  read_tar,    // tar stream of `path` (file or folder; names relative to its parent) on stdout
  write_tar,   // unpack a tar stream from stdin below the folder `path`: no "..", absolute names, devices, or writing
               // through links
  read_file,   // the bytes of the regular file `path` on stdout
  write_file,  // stdin into the file `path`, replaced atomically; its folder must exist
  sftp,        // SFTP version 3 until the end of stdin, beginning in `directory`; may do what `user` may
};
BOOST_DESCRIBE_ENUM(SessionKind, terminal, command, read_tar, write_tar, read_file, write_file, sftp)

struct WindowSize {
  std::uint16_t columns = 80;
  std::uint16_t rows = 24;
};

struct OpenSession {
  SessionKind kind = SessionKind::command;
  std::vector<std::string> command;
  std::map<std::string, std::string> environment;  // added to the image's
  std::string directory;                           // empty: the user's home
  std::string user;                                // name or number, [:group]; empty: the image's user, else root,
                                                   // and root for the four file kinds
  std::string path;                                // of the four file kinds; relative to `directory`
  WindowSize size;                                 // of a terminal
};

struct SignalSession {
  int number = 0;  // 1 to 31, to the session's process group
};

struct SessionExit {
  std::optional<int> code;  // exactly one of the two
  std::optional<int> signal;
};

struct Refusal {
  std::string kind;  // an ErrorKind's name: not_found, exhausted, invalid_argument, unavailable
  std::string message;
};

struct HostHello {
  int version = agent_protocol_version;
};

struct SessionState {
  std::uint32_t session = 0;
  SessionKind kind = SessionKind::command;
  std::vector<std::string> command;
  std::uint64_t retained_from = 0;  // the oldest output offset that can still be sent
  std::uint64_t output_end = 0;
  std::uint64_t input_end = 0;  // input taken so far
  std::optional<SessionExit> exit;
};

// The image's own service, which the agent starts and watches if the image has one.
struct ServiceState {
  bool running = false;
  std::optional<SessionExit> exit;  // of its last run
};

struct AgentHello {
  int version = 0;
  std::vector<SessionState> sessions;
  std::optional<ServiceState> service;
};

struct ListeningPort {
  std::string protocol;  // tcp or tcp6
  std::string address;
  std::uint16_t port = 0;
};

struct ListeningPorts {
  std::vector<ListeningPort> ports;
};

struct Frame {
  FrameType type = FrameType::hello;
  Stream stream = Stream::none;
  std::uint32_t session = 0;
  std::uint64_t offset = 0;
  std::string payload;
};

// The packet of a frame. A payload over max_payload aborts: it is the caller's bug.
std::string encode(const Frame& frame);
// Reads one packet. Throws Error{instance_fault} on a short or long packet, an unknown type or stream, or set reserved
// bits.
Frame decode(std::string_view packet);

// Payloads as JSON. The readers throw Error{instance_fault}, and bound every list and text in length.
template <class Payload>
std::string encode_payload(const Payload& payload);
template <class Payload>
Payload decode_payload(std::string_view text);

}  // namespace berth::wire
