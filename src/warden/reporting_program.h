// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <optional>
#include <string>

#include "base/error.h"
#include "warden/spawn.h"
#include "wire/warden_protocol.h"

namespace berth::warden {

using ReportProgress = std::function<void(const wire::Progress&)>;

// A program that says on its standard output how far it is, in lines
//   progress <0 to 1> <note>
//   fault <kind of Error> <sentence>
// Other lines go to the log, after `name`. It runs in process and mount namespaces of its own, so that ending it ends
// everything it started, as when berth-warden is asked to end.
struct ReportingProgram {
  std::string name;
  Program program;
  Milliseconds limit;
  std::function<void()> check;                 // called several times a second; what it throws ends the program
  ErrorKind failure = ErrorKind::unavailable;  // of ending badly without a word
};

// Runs it to its end. Throws what it reported as its fault, or Error{failure}.
void run_reporting(const ReportingProgram& reporting, const ReportProgress& report);

// What a line says, if it is a progress line.
std::optional<wire::Progress> parse_progress(std::string_view line);

}  // namespace berth::warden
