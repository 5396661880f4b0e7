// SPDX-License-Identifier: Apache-2.0
#include "wire/agent_protocol.h"

#include <cstdlib>

#include "base/described.h"
#include "wire/little_endian.h"

namespace berth::wire {

BOOST_DESCRIBE_STRUCT(WindowSize, (), (columns, rows))
BOOST_DESCRIBE_STRUCT(OpenSession, (), (kind, command, environment, directory, user, path, size))
BOOST_DESCRIBE_STRUCT(SignalSession, (), (number))
BOOST_DESCRIBE_STRUCT(SessionExit, (), (code, signal))
BOOST_DESCRIBE_STRUCT(Refusal, (), (kind, message))
BOOST_DESCRIBE_STRUCT(HostHello, (), (version))
BOOST_DESCRIBE_STRUCT(SessionState, (), (session, kind, command, retained_from, output_end, input_end, exit))
BOOST_DESCRIBE_STRUCT(ServiceState, (), (running, exit))
BOOST_DESCRIBE_STRUCT(AgentHello, (), (version, sessions, service))
BOOST_DESCRIBE_STRUCT(ListeningPort, (), (protocol, address, port))
BOOST_DESCRIBE_STRUCT(ListeningPorts, (), (ports))

std::string encode(const Frame& frame) {
  if (frame.payload.size() > max_payload) {
    std::abort();
  }
  std::string packet(header_size, '\0');
  packet.reserve(header_size + frame.payload.size());
  packet[0] = static_cast<char>(frame.type);
  packet[1] = static_cast<char>(frame.stream);
  put_little_endian<std::uint32_t>(packet, 4, frame.session);
  put_little_endian<std::uint64_t>(packet, 8, frame.offset);
  packet += frame.payload;
  return packet;
}

Frame decode(std::string_view packet) {
  const auto fault = [](const char* what) { throw Error(ErrorKind::instance_fault, what); };
  if (packet.size() < header_size || packet.size() > max_frame) {
    fault("the agent sent a frame of a wrong length");
  }
  const auto type = static_cast<std::uint8_t>(packet[0]);
  const auto stream = static_cast<std::uint8_t>(packet[1]);
  if (type < static_cast<std::uint8_t>(FrameType::hello) ||
      type > static_cast<std::uint8_t>(FrameType::service_state)) {
    fault("the agent sent a frame of an unknown type");
  }
  if (stream > static_cast<std::uint8_t>(Stream::standard_error) || packet[2] != 0 || packet[3] != 0) {
    fault("the agent sent a frame with an unknown stream");
  }
  return Frame{.type = static_cast<FrameType>(type),
               .stream = static_cast<Stream>(stream),
               .session = get_little_endian<std::uint32_t>(packet, 4),
               .offset = get_little_endian<std::uint64_t>(packet, 8),
               .payload = std::string(packet.substr(header_size))};
}

template <class Payload>
std::string encode_payload(const Payload& payload) {
  return print_json(to_json(payload));
}

template <class Payload>
Payload decode_payload(std::string_view text) {
  try {
    return read_json<Payload>(parse_json(text), Missing::keeps_default);
  } catch (const Error& error) {
    throw Error(ErrorKind::instance_fault, std::string("malformed payload on the agent's channel: ") + error.what());
  }
}

#define BERTH_PAYLOAD(Payload)                         \
  template std::string encode_payload(const Payload&); \
  template Payload decode_payload<Payload>(std::string_view);
BERTH_PAYLOAD(OpenSession)
BERTH_PAYLOAD(WindowSize)
BERTH_PAYLOAD(SignalSession)
BERTH_PAYLOAD(SessionExit)
BERTH_PAYLOAD(Refusal)
BERTH_PAYLOAD(HostHello)
BERTH_PAYLOAD(AgentHello)
BERTH_PAYLOAD(ServiceState)
BERTH_PAYLOAD(ListeningPorts)
#undef BERTH_PAYLOAD

}  // namespace berth::wire
