// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "async/task_group.h"
#include "http/exchange.h"
#include "http/request_parser.h"
#include "http/response_head.h"
#include "http/server.h"
#include "http/stream.h"

namespace berth::http {

// What all connections of a server share; outlives them.
struct Shared {
  const Settings& settings;
  const Router& router;
  const FaultHandler& on_fault;
  const std::function<void(std::string)>& log;
  async::TaskGroup& tasks;
};

// One request on a real connection, which it borrows. Blank until it gets the request.
class ServerExchange final : public Exchange {
 public:
  enum class Progress { nothing, streaming, complete, upgraded };

  ServerExchange(const Shared& shared, Stream& stream, RequestParser& parser, const Peer& peer)
      : shared_(shared), stream_(stream), parser_(parser), peer_(peer) {}

  void set_request(Request request) { request_ = std::move(request); }
  Progress progress() const { return progress_; }
  // Whether the answer ended early because it must have no body.
  bool ended_by_head() const { return ended_by_head_; }
  bool to_version_1_0() const { return !request_.version_1_1; }
  // Whether another request may follow; after the answer has begun.
  bool keeps_connection() const { return keeps_connection_; }
  bool body_is_read() const { return parser_.complete(); }

  Method method() const override { return request_.method; }
  const std::string& path() const override { return request_.target.path; }
  std::optional<std::string> query(std::string_view name) const override;
  std::vector<std::pair<std::string, std::string>> queries() const override { return request_.target.queries; }
  std::optional<std::string> header(std::string_view name) const override;
  std::optional<std::string> cookie(std::string_view name) const override;
  const Peer& peer() const override { return peer_; }
  std::map<std::string, std::string>& path_parameters() override { return path_parameters_; }
  std::optional<std::uint64_t> content_length() const override { return request_.content_length; }

  async::Task<std::string> read_body(std::size_t limit) override;
  async::Task<std::optional<std::string>> read_some() override;
  async::Task<> respond(Response response) override;
  async::Task<> start(Response head) override;
  async::Task<> write(std::string piece) override;
  async::Task<> finish() override;
  async::Task<> disconnected() override;
  bool is_websocket_upgrade() const override;
  async::Task<std::unique_ptr<WebSocket>> accept_websocket(std::string subprotocol, std::size_t max_message) override;
  bool responded() const override { return progress_ != Progress::nothing; }

 private:
  bool may_keep_connection() const;
  std::string begin(const Response& response, Framing framing);
  async::Task<> invite_body();
  async::Task<> fill();

  const Shared& shared_;
  Stream& stream_;
  RequestParser& parser_;
  const Peer& peer_;
  Request request_;
  std::map<std::string, std::string> path_parameters_;
  std::uint64_t body_read_ = 0;
  Progress progress_ = Progress::nothing;
  bool keeps_connection_ = false;
  bool ended_by_head_ = false;
  bool invited_ = false;
  bool body_failed_ = false;
};

}  // namespace berth::http
