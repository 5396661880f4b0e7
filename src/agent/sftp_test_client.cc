// SPDX-License-Identifier: Apache-2.0
#include "agent/sftp_test_client.h"

#include <gtest/gtest.h>

#include "base/error.h"

namespace berth::agent {

SftpRequest::SftpRequest(SftpType type, std::uint32_t number) { fields_.begin(type, number); }

SftpRequest SftpRequest::extended(std::string_view name) {
  SftpRequest request(SftpType::extended);
  request.text(name);
  return request;
}

SftpRequest& SftpRequest::text(std::string_view text) {
  fields_.put_text(text);
  return *this;
}

SftpRequest& SftpRequest::number(std::uint32_t number) {
  fields_.put_number(number);
  return *this;
}

SftpRequest& SftpRequest::long_number(std::uint64_t number) {
  fields_.put_long(number);
  return *this;
}

SftpRequest& SftpRequest::attributes(const SftpAttributes& attributes) {
  fields_.put_attributes(attributes);
  return *this;
}

std::string SftpRequest::packet() const {
  SftpReplies packet = fields_;
  packet.end();
  return packet.bytes();
}

SftpReply take_reply(std::string& sent) {
  SftpFields packet(sent);
  const std::uint32_t length = packet.number();
  if (length < sftp_shortest_packet || length > sent.size() - sftp_length_size || length > sftp_longest_packet) {
    ADD_FAILURE() << "a reply of " << length << " bytes";
    throw Error(ErrorKind::internal, "a wrong reply");
  }
  SftpReply reply;
  reply.type = static_cast<SftpType>(packet.byte());
  reply.request = packet.number();
  reply.fields = sent.substr(sftp_length_size + sftp_shortest_packet, length - sftp_shortest_packet);
  sent.erase(0, sftp_length_size + length);
  return reply;
}

SftpTestClient::SftpTestClient() {
  const std::string version("\x01\0\0\0\x03", 5);
  server_.handle(version);
  server_.replies().clear();
}

SftpReply SftpTestClient::ask(const SftpRequest& request) {
  const std::string packet = request.packet();
  server_.handle(std::string_view(packet).substr(sftp_length_size));
  std::string sent = server_.replies().bytes();
  server_.replies().clear();
  SftpReply reply = take_reply(sent);
  EXPECT_TRUE(sent.empty()) << "more than one reply";
  EXPECT_EQ(reply.request, SftpFields(std::string_view(packet).substr(sftp_length_size + 1)).number());
  return reply;
}

std::string SftpTestClient::ask(const SftpRequest& request, SftpType expected) {
  SftpReply reply = ask(request);
  if (reply.type != expected) {
    SftpFields fields(reply.fields);
    const std::string status = reply.type == SftpType::status ? std::to_string(fields.number()) : "no status";
    ADD_FAILURE() << "a reply of type " << static_cast<int>(reply.type) << ", " << status;
    throw Error(ErrorKind::internal, "a wrong reply");
  }
  return std::move(reply.fields);
}

SftpStatus SftpTestClient::status(const SftpRequest& request) {
  return static_cast<SftpStatus>(SftpFields(ask(request, SftpType::status)).number());
}

std::string SftpTestClient::handle(const SftpRequest& request) {
  const std::string fields = ask(request, SftpType::handle);
  return std::string(SftpFields(fields).text());
}

std::string SftpTestClient::name(const SftpRequest& request) {
  const std::string names = ask(request, SftpType::name);
  SftpFields fields(names);
  EXPECT_EQ(fields.number(), 1U);
  return std::string(fields.text());
}

SftpAttributes SftpTestClient::attributes(const SftpRequest& request) {
  const std::string fields = ask(request, SftpType::attributes);
  return SftpFields(fields).attributes();
}

std::string SftpTestClient::open(std::string_view path, std::uint32_t flags) {
  return handle(SftpRequest(SftpType::open).text(path).number(flags).attributes({}));
}

SftpStatus SftpTestClient::close(std::string_view handle) { return status(SftpRequest(SftpType::close).text(handle)); }

SftpStatus SftpTestClient::write(std::string_view handle, std::uint64_t offset, std::string_view bytes) {
  return status(SftpRequest(SftpType::write).text(handle).long_number(offset).text(bytes));
}

std::string SftpTestClient::read(std::string_view handle, std::uint64_t offset, std::uint32_t length) {
  const SftpReply reply = ask(SftpRequest(SftpType::read).text(handle).long_number(offset).number(length));
  SftpFields fields(reply.fields);
  if (reply.type == SftpType::status) {
    EXPECT_EQ(static_cast<SftpStatus>(fields.number()), SftpStatus::end_of_file);
    return {};
  }
  EXPECT_EQ(reply.type, SftpType::data);
  return std::string(fields.text());
}

}  // namespace berth::agent
