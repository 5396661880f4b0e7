// SPDX-License-Identifier: Apache-2.0
#include "warden/oci_runtime.h"

#include <unistd.h>

#include <charconv>

#include "warden/mount_namespace.h"
#include "warden/spawn.h"
#include "warden/system_error.h"

namespace berth::warden {
namespace {

constexpr Milliseconds call_limit = std::chrono::seconds(30);

// The text of the last line of the log, which is the reason of the failure.
std::string last_line(const path& file) {
  std::string text = read_file_if_there(file, 64 * 1024).value_or("");
  while (text.ends_with('\n')) {
    text.pop_back();
  }
  return text.substr(text.rfind('\n') + 1);
}

}  // namespace

std::string OciRuntime::version() const {
  std::string output;
  try {
    if (run({.command = {program_, "--version"}}, call_limit, output) == 0) {
      std::string first = output.substr(0, output.find_first_of("+\n"));
      if (const std::size_t word = first.find(" version "); word != std::string::npos) {
        first.replace(word, 9, " ");
      }
      return first;
    }
  } catch (const Error&) {
    // What follows says more.
  }
  throw Error(ErrorKind::unavailable,
              "the OCI runtime '" + program_ + "' does not run; install it (apt install runc) or set --runtime");
}

pid_t OciRuntime::create(const std::string& id, const path& bundle, const std::vector<int>& descriptors) const {
  const path pid_file = bundle / "pid";
  ::unlink(pid_file.c_str());
  const std::string count = std::to_string(descriptors.size());
  call_here(id, bundle,
            {"create", "--bundle", bundle.string(), "--pid-file", pid_file.string(), "--preserve-fds", count, id},
            descriptors);
  const std::string text = read_file(pid_file, 32);
  pid_t pid = 0;
  std::from_chars(text.data(), text.data() + text.size(), pid);
  if (pid <= 1) {
    throw Error(ErrorKind::internal, "the OCI runtime named no process");
  }
  return pid;
}

void OciRuntime::start(const std::string& id, const path& bundle) const { call(id, bundle, {"start", id}); }
void OciRuntime::pause(const std::string& id, const path& bundle) const { call(id, bundle, {"pause", id}); }
void OciRuntime::resume(const std::string& id, const path& bundle) const { call(id, bundle, {"resume", id}); }
void OciRuntime::remove(const std::string& id, const path& bundle) const { call(id, bundle, {"delete", id}); }

void OciRuntime::remove_forcibly(const std::string& id, const path& bundle) const {
  call(id, bundle, {"delete", "--force", id});
}

void OciRuntime::call(const std::string& id, const path& bundle, std::vector<std::string> words) const {
  if (mounts_ == nullptr) {
    call_here(id, bundle, std::move(words));
  } else {
    in_mounts(*mounts_, [&] { call_here(id, bundle, std::move(words)); });
  }
}

void OciRuntime::call_here(const std::string& id, const path& bundle, std::vector<std::string> words,
                           const std::vector<int>& descriptors) const {
  const path log = bundle / "runtime.log";
  ::unlink(log.c_str());
  const std::string verb = words.front();
  Program program{.command = {program_, "--root", state_.string(), "--log", log.string()}};
  program.command.insert(program.command.end(), words.begin(), words.end());
  for (const int descriptor : descriptors) {
    program.descriptors.emplace_back(descriptor, STDERR_FILENO + 1 + static_cast<int>(program.descriptors.size()));
  }
  const int code = run(program, call_limit);
  if (code != 0) {
    log_line("instance " + id + ": the OCI runtime's " + verb + " failed: " + last_line(log));
    throw Error(ErrorKind::unavailable,
                "the OCI runtime could not " + verb + " the instance; the warden's log says why");
  }
}

}  // namespace berth::warden
