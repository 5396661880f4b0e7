// SPDX-License-Identifier: Apache-2.0
#pragma once

// The bodies of the REST contract (api/openapi.yaml) as described structs: the only place where a core noun becomes
// JSON. Optional members of a request may be left out; of an answer they are null.

#include <boost/describe/class.hpp>
#include <boost/json/value.hpp>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "core/accounts.h"
#include "core/images.h"
#include "core/instances.h"
#include "core/recording.h"
#include "core/service_register.h"
#include "core/sessions.h"

namespace berth::doors::rest {

struct CheckForm {
  std::string name;
  bool ok = true;
  std::string detail;
};
BOOST_DESCRIBE_STRUCT(CheckForm, (), (name, ok, detail))

struct HealthForm {
  bool ok = true;
  std::string version;
  std::vector<CheckForm> checks;
};
BOOST_DESCRIBE_STRUCT(HealthForm, (), (ok, version, checks))

struct AccountForm {
  AccountId id;
  std::string name;
  core::Role role = core::Role::member;
  std::vector<core::Scope> scopes;
  TimePoint created_at;
};
BOOST_DESCRIBE_STRUCT(AccountForm, (), (id, name, role, scopes, created_at))

struct TokenForm {
  TokenId id;
  std::string name;
  core::TokenKind kind = core::TokenKind::api_token;
  std::vector<core::Scope> scopes;
  TimePoint created_at;
  std::optional<TimePoint> expires_at;
  bool current = false;
};
BOOST_DESCRIBE_STRUCT(TokenForm, (), (id, name, kind, scopes, created_at, expires_at, current))

struct LoginForm {
  AccountForm account;
  std::optional<std::string> token;
};
BOOST_DESCRIBE_STRUCT(LoginForm, (), (account, token))

struct LoginLinkForm {
  AccountForm account;
  std::string url;
  TimePoint expires_at;
};
BOOST_DESCRIBE_STRUCT(LoginLinkForm, (), (account, url, expires_at))

struct CreatedTokenForm {
  TokenForm token;
  std::string secret;
};
BOOST_DESCRIBE_STRUCT(CreatedTokenForm, (), (token, secret))

struct SshKeyForm {
  TokenId id;
  std::string name;
  std::string fingerprint;
  TimePoint created_at;
  std::optional<TimePoint> expires_at;
};
BOOST_DESCRIBE_STRUCT(SshKeyForm, (), (id, name, fingerprint, created_at, expires_at))

struct SshForm {
  bool enabled = false;
  std::optional<std::string> address;
  std::optional<std::uint16_t> port;
  std::optional<std::string> fingerprint;
};
BOOST_DESCRIBE_STRUCT(SshForm, (), (enabled, address, port, fingerprint))

struct PlanForm {
  std::string name;
  std::string description;
  std::uint32_t cpu_percent = 0;
  Bytes memory;
  Bytes disk;
  core::DiskKind disk_kind = core::DiskKind::memory;
  std::uint32_t processes = 0;
  std::uint32_t open_files = 0;
  core::Egress egress = core::Egress::none;
  Seconds lifetime{};
  Seconds longest_lifetime{};
  Seconds grace{};
  bool guests = false;
  core::RecordingKind recording = core::RecordingKind::none;
};
BOOST_DESCRIBE_STRUCT(PlanForm, (),
                      (name, description, cpu_percent, memory, disk, disk_kind, processes, open_files, egress, lifetime,
                       longest_lifetime, grace, guests, recording))

struct ImageForm {
  ImageName name;
  std::string description;
  std::string source;
  core::ImageState state = core::ImageState::preparing;
  double progress = 0;
  std::string note;
  std::optional<std::string> reason;
  Bytes size;
  TimePoint created_at;
};
BOOST_DESCRIBE_STRUCT(ImageForm, (), (name, description, source, state, progress, note, reason, size, created_at))

struct InstanceForm {
  InstanceId id;
  std::string name;
  AccountId account;
  ImageName image;
  std::string plan;
  core::InstanceState state = core::InstanceState::queued;
  std::optional<std::string> reason;
  std::optional<std::uint64_t> queue_position;
  std::optional<Seconds> queue_wait;
  TimePoint created_at;
  std::optional<TimePoint> started_at;
  std::optional<TimePoint> expires_at;
  std::optional<TimePoint> gone_at;
  std::optional<TimePoint> longest_until;
  core::RecordingKind recording = core::RecordingKind::none;
};
BOOST_DESCRIBE_STRUCT(InstanceForm, (),
                      (id, name, account, image, plan, state, reason, queue_position, queue_wait, created_at,
                       started_at, expires_at, gone_at, longest_until, recording))

struct UsageForm {
  TimePoint at;
  std::uint64_t cpu_microseconds = 0;
  std::uint32_t cpu_percent_limit = 0;
  Bytes memory;
  Bytes memory_limit;
  std::uint64_t processes = 0;
  Bytes disk;
  Bytes disk_limit;
  Bytes received;
  Bytes sent;
};
BOOST_DESCRIBE_STRUCT(UsageForm, (),
                      (at, cpu_microseconds, cpu_percent_limit, memory, memory_limit, processes, disk, disk_limit,
                       received, sent))

struct PortForm {
  std::string protocol;
  std::string address;
  std::uint16_t port = 0;
};
BOOST_DESCRIBE_STRUCT(PortForm, (), (protocol, address, port))

struct SessionForm {
  std::string id;
  wire::SessionKind kind = wire::SessionKind::terminal;
  std::vector<std::string> command;
  bool running = false;
  std::optional<int> exit_code;
  std::optional<int> exit_signal;
  std::uint64_t viewers = 0;
};
BOOST_DESCRIBE_STRUCT(SessionForm, (), (id, kind, command, running, exit_code, exit_signal, viewers))

struct RecordingForm {
  RecordingId id;
  std::string title;
  AccountId account;
  InstanceId instance;
  std::string session;
  core::RecordingPolicy policy;
  TimePoint began_at;
  std::optional<TimePoint> ended_at;
  Bytes size;
  Seconds duration{};
  bool truncated = false;
  bool mine = false;
  bool shared = false;
};
BOOST_DESCRIBE_STRUCT(RecordingForm, (),
                      (id, title, account, instance, session, policy, began_at, ended_at, size, duration, truncated,
                       mine, shared))

struct ShareForm {
  std::string url;
};
BOOST_DESCRIBE_STRUCT(ShareForm, (), (url))

struct EventForm {
  std::uint64_t sequence = 0;
  core::EventType type = core::EventType::login;
  TimePoint at;
  std::optional<AccountId> account;
  std::optional<InstanceId> instance;
  std::optional<ImageName> image;
  std::string detail;
};
BOOST_DESCRIBE_STRUCT(EventForm, (), (sequence, type, at, account, instance, image, detail))

// A list without pages, and with them.
template <class Form>
struct ListForm {
  std::vector<Form> items;
  BOOST_DESCRIBE_CLASS(ListForm, (), (items), (), ())
};
template <class Form>
struct PageForm {
  std::vector<Form> items;
  std::optional<std::string> next_cursor;
  BOOST_DESCRIBE_CLASS(PageForm, (), (items, next_cursor), (), ())
};
struct EventPageForm {
  std::vector<EventForm> items;
  std::optional<std::uint64_t> next_after;
};
BOOST_DESCRIBE_STRUCT(EventPageForm, (), (items, next_after))

// Requests.

enum class LoginKind { browser, api_token };
BOOST_DESCRIBE_ENUM(LoginKind, browser, api_token)

struct LoginRequest {
  std::string code;
  std::optional<LoginKind> kind;
};
BOOST_DESCRIBE_STRUCT(LoginRequest, (), (code, kind))

struct CreateAccountRequest {
  std::string name;
  std::optional<core::Role> role;
};
BOOST_DESCRIBE_STRUCT(CreateAccountRequest, (), (name, role))

enum class NewTokenKind { api_token, tcp_token };
BOOST_DESCRIBE_ENUM(NewTokenKind, api_token, tcp_token)

struct CreateTokenRequest {
  std::string name;
  std::optional<NewTokenKind> kind;
  std::optional<std::vector<core::Scope>> scopes;
  std::optional<std::uint32_t> lifetime;
};
BOOST_DESCRIBE_STRUCT(CreateTokenRequest, (), (name, kind, scopes, lifetime))

struct AddSshKeyRequest {
  std::string key;
  std::optional<std::string> name;
};
BOOST_DESCRIBE_STRUCT(AddSshKeyRequest, (), (key, name))

struct PullImageRequest {
  std::string reference;
  std::optional<std::string> name;
};
BOOST_DESCRIBE_STRUCT(PullImageRequest, (), (reference, name))

struct CreateInstanceRequest {
  ImageName image;
  std::optional<std::string> plan;
  std::optional<std::string> name;
  std::optional<std::uint32_t> lifetime;
};
BOOST_DESCRIBE_STRUCT(CreateInstanceRequest, (), (image, plan, name, lifetime))

struct PoolForm {
  ImageName image;
  std::string plan;
  std::vector<std::string> command;
  std::uint16_t port = 0;
  std::uint64_t ready = 0;
  std::uint64_t making = 0;
  std::uint64_t wanted = 0;
  std::uint64_t least = 0;
  std::uint64_t most = 0;
  std::uint64_t leased = 0;
  std::uint64_t missed = 0;
  std::uint64_t failures = 0;
  std::optional<std::string> last_failure;
};
BOOST_DESCRIBE_STRUCT(PoolForm, (),
                      (image, plan, command, port, ready, making, wanted, least, most, leased, missed, failures,
                       last_failure))

struct ServiceForm {
  std::string name;
  core::ServiceSource source = core::ServiceSource::configuration;
  std::optional<std::string> fault;
  std::string address;
  std::uint16_t port = 0;
  ImageName image;
  std::string plan;
  core::ServiceMode mode = core::ServiceMode::per_connection;
  std::uint64_t instances = 0;
  std::uint64_t max_instances = 0;
  std::uint64_t connections = 0;
  std::uint64_t waiting = 0;
  std::uint64_t visits = 0;
  std::uint64_t evicted = 0;
  std::uint64_t failed = 0;
  std::uint64_t denied = 0;
  std::uint64_t too_many = 0;
  std::uint64_t wrong_tokens = 0;
  std::uint64_t wrong_proofs = 0;
};
BOOST_DESCRIBE_STRUCT(ServiceForm, (),
                      (name, source, fault, address, port, image, plan, mode, instances, max_instances, connections,
                       waiting, visits, evicted, failed, denied, too_many, wrong_tokens, wrong_proofs))

struct ServiceDetailForm {
  ServiceForm status;
  boost::json::value definition;  // without what names files of the server
};
BOOST_DESCRIBE_STRUCT(ServiceDetailForm, (), (status, definition))

struct RenameInstanceRequest {
  std::string name;
};
BOOST_DESCRIBE_STRUCT(RenameInstanceRequest, (), (name))

enum class ActionName { start, stop, restart, pause, resume, extend };
BOOST_DESCRIBE_ENUM(ActionName, start, stop, restart, pause, resume, extend)

struct InstanceActionRequest {
  ActionName action = ActionName::start;
  std::optional<std::uint32_t> lifetime;
};
BOOST_DESCRIBE_STRUCT(InstanceActionRequest, (), (action, lifetime))

struct ExecRequest {
  std::vector<std::string> command;
  std::optional<std::map<std::string, std::string>> environment;
  std::optional<std::string> directory;
  std::optional<std::string> user;
  std::optional<std::string> input;
  std::optional<std::uint32_t> time_limit;
};
BOOST_DESCRIBE_STRUCT(ExecRequest, (), (command, environment, directory, user, input, time_limit))

enum class OpenKind { terminal, command };
BOOST_DESCRIBE_ENUM(OpenKind, terminal, command)

struct OpenSessionRequest {
  std::optional<OpenKind> kind;
  std::optional<std::vector<std::string>> command;
  std::optional<std::map<std::string, std::string>> environment;
  std::optional<std::string> directory;
  std::optional<std::string> user;
  std::optional<std::uint16_t> columns;
  std::optional<std::uint16_t> rows;
};
BOOST_DESCRIBE_STRUCT(OpenSessionRequest, (), (kind, command, environment, directory, user, columns, rows))

AccountForm form_of(const core::Account& account, const core::Scopes& scopes);
TokenForm form_of(const core::Token& token, const core::Caller& caller);
PlanForm form_of(const core::Plan& plan);
ImageForm form_of(const core::Image& image);
InstanceForm form_of(const core::ShownInstance& shown);
UsageForm form_of(const core::Usage& usage, std::uint32_t cpu_percent_limit, TimePoint at);
SessionForm form_of(const core::SessionSummary& session);
EventForm form_of(const core::Event& event);

// A session's number as it is written in paths, and back. Throws Error{not_found}.
std::string session_id(std::uint32_t session);
std::uint32_t session_number(const std::string& id);

}  // namespace berth::doors::rest
