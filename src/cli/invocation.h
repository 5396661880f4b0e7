// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <boost/json/value.hpp>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "cli/api_client.h"
#include "cli/attachment.h"
#include "cli/config.h"

namespace berth::cli {

// What a run of the command has around it. Tests bring their own.
struct Surroundings {
  Environment environment;
  int input = 0;
  int output = 1;
  int errors = 2;
  const Clock* clock = nullptr;  // outlives the run
  ReattachPolicy reattach;
};

// One run of the command: what it was asked, and where it reads and writes.
class Invocation {
 public:
  explicit Invocation(const Surroundings& around) : around(around) {}

  const Surroundings& around;
  bool json = false;                  // --json
  std::vector<std::string> trailing;  // behind "--" of exec and sh

  // The server, opened when first needed.
  ApiClient& api();
  // Forgets it, to use other settings.
  void use(Access access);
  TimePoint now() const { return around.clock->now(); }

  void print(std::string_view text) const;
  void print_json(const boost::json::value& value) const;
  // A line for people, beside the output: "berth: …".
  void note(std::string_view line) const;
  bool input_is_terminal() const;
  bool output_is_terminal() const;
  bool errors_are_terminal() const;

  // The action that the arguments mean; parsing chooses it, and then it runs.
  void choose(std::function<int()> action) { action_ = std::move(action); }
  bool has_chosen() const { return action_ != nullptr; }
  int run_chosen() const { return action_ ? action_() : 0; }

 private:
  std::unique_ptr<ApiClient> api_;
  std::function<int()> action_;
};

// Where commands are told apart from berth's own failures by the exit code, as docker does.
inline constexpr int own_failure = 125;

}  // namespace berth::cli
