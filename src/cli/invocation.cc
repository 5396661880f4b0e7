// SPDX-License-Identifier: Apache-2.0
#include "cli/invocation.h"

#include <unistd.h>

#include "base/described.h"
#include "cli/text.h"

namespace berth::cli {

ApiClient& Invocation::api() {
  if (!api_) {
    use(find_access(around.environment));
  }
  return *api_;
}

void Invocation::use(Access access) { api_ = std::make_unique<ApiClient>(std::move(access)); }

void Invocation::print(std::string_view text) const { write_all(around.output, text); }

void Invocation::print_json(const boost::json::value& value) const { print(berth::print_json(value) + "\n"); }

void Invocation::note(std::string_view line) const { write_all(around.errors, "berth: " + std::string(line) + "\n"); }

bool Invocation::input_is_terminal() const { return ::isatty(around.input) == 1; }

bool Invocation::output_is_terminal() const { return ::isatty(around.output) == 1; }

bool Invocation::errors_are_terminal() const { return ::isatty(around.errors) == 1; }

}  // namespace berth::cli
