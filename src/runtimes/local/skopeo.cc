// SPDX-License-Identifier: Apache-2.0
#include "runtimes/local/skopeo.h"

#include <algorithm>
#include <cstdlib>
#include <utility>

#include "async/race.h"
#include "async/time_limit.h"
#include "runtimes/local/child_process.h"

namespace berth::runtimes::local {
namespace {

constexpr std::size_t most_output = 16 * 1024;
constexpr std::size_t longest_shown = 400;

bool is_listed(const std::vector<std::string>& registries, const std::string& registry) {
  const std::string host = registry.substr(0, registry.find(':'));
  return std::ranges::any_of(registries,
                             [&](const std::string& listed) { return listed == registry || listed == host; });
}

ChildCommand copy_command(const Settings& settings, const core::RegistryReference& reference,
                          const std::filesystem::path& scratch) {
  ChildCommand command;
  // Signatures are a matter of the host's policy file, which may be missing; we have no say in whom to trust.
  command.words = {settings.skopeo, "--insecure-policy", "--tmpdir", scratch.string(), "copy"};
  if (is_listed(settings.insecure_registries, reference.registry)) {
    command.words.emplace_back("--src-tls-verify=false");
  }
  command.words.push_back(reference.text);
  command.words.push_back("oci:" + (scratch / layout_name).string() + ":latest");
  for (const char* name : {"HOME", "XDG_RUNTIME_DIR", "TMPDIR"}) {
    command.environment.push_back(std::string(name) + "=" + scratch.string());
  }
  for (const char* name : {"PATH", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "http_proxy", "https_proxy", "no_proxy",
                           "SSL_CERT_FILE", "SSL_CERT_DIR"}) {
    if (const char* value = std::getenv(name)) {
      command.environment.push_back(std::string(name) + "=" + value);
    }
  }
  return command;
}

// What a download has come to: skopeo names each layer once and says nothing while it loads it.
struct Download {
  int layers = 0;
  std::string output;

  void take_line(std::string_view line) {
    if (line.starts_with("Copying blob")) {
      ++layers;
    }
    if (output.size() + line.size() < most_output) {
      output += std::string(line) + "\n";
    }
  }
};

async::Task<> watch_size(const ScratchFolder& scratch, const Download& download, Bytes most,
                         core::ProgressReport report) {
  for (;;) {
    co_await async::pause_for(Milliseconds{500});
    const Bytes size = scratch.size();
    if (size > most) {
      throw Error(ErrorKind::too_large, "the image is larger than " + format_bytes(most));
    }
    // Its size is not known beforehand: a fraction that only grows, ever slower.
    const double mebibytes = static_cast<double>(size.count) / (1 << 20);
    report(mebibytes / (mebibytes + 50), "downloading layer " + std::to_string(std::max(download.layers, 1)) + ": " +
                                             std::to_string(static_cast<long>(mebibytes)) + " MiB");
  }
}

async::Task<> run_skopeo(const ChildCommand& command, Download& download, const std::string& registry) {
  ChildProcess skopeo(command);
  const auto code = co_await skopeo.finish([&](std::string_view line) { download.take_line(line); });
  if (code != 0) {
    throw explain_skopeo(download.output, registry);
  }
}

bool mentions(std::string_view text, std::initializer_list<std::string_view> words) {
  return std::ranges::any_of(words, [&](std::string_view word) { return text.find(word) != std::string_view::npos; });
}

// The msg="…" of the last line of skopeo's log, without control characters; else the whole last line.
std::string last_words(std::string_view output) {
  while (output.ends_with('\n')) {
    output.remove_suffix(1);
  }
  std::string_view line = output.substr(output.rfind('\n') + 1);
  const std::size_t message = line.find("msg=\"");
  if (message != std::string_view::npos) {
    line.remove_prefix(message + 5);
    line.remove_suffix(line.ends_with('"') ? 1 : 0);
  }
  std::string words;
  for (const char character : line.substr(0, longest_shown)) {
    if (character != '\\') {
      words += character >= ' ' && character < '\x7f' ? character : ' ';
    }
  }
  return words;
}

}  // namespace

Error explain_skopeo(std::string_view output, const std::string& registry) {
  const std::string words = last_words(output);
  const std::string said = "the registry " + registry + " ";
  if (mentions(words, {"manifest unknown", "name unknown", "not known to registry", "repository does not exist",
                       "no image found in manifest list"})) {
    return Error(ErrorKind::not_found, said + "has no such image (" + words + ")");
  }
  if (mentions(words, {"unauthorized", "authentication required", "denied", "invalid username/password"})) {
    return Error(ErrorKind::forbidden,
                 said + "wants a login for this image, or there is no such image (" + words + ")");
  }
  if (mentions(words, {"server gave HTTP response to HTTPS client", "certificate"})) {
    return Error(ErrorKind::unavailable,
                 said + "has no valid TLS; if that is meant, list it in insecure_registries (" + words + ")");
  }
  if (mentions(words, {"no space left"})) {
    return Error(ErrorKind::unavailable, "the disk is full: the image could not be downloaded");
  }
  if (mentions(words, {"pinging container registry", "connection refused", "no such host", "timeout", "dial tcp"})) {
    return Error(ErrorKind::unavailable, said + "cannot be reached (" + words + ")");
  }
  return Error(ErrorKind::unavailable, "the image could not be downloaded (" + words + ")");
}

async::Task<> download(Settings settings, core::RegistryReference reference, const ScratchFolder& scratch,
                       core::ProgressReport report) {
  Download state;
  const ChildCommand command = copy_command(settings, reference, scratch.path());
  report(0, "asking " + reference.registry);
  co_await async::with_limit(async::race(run_skopeo(command, state, reference.registry),
                                         watch_size(scratch, state, settings.largest_image, std::move(report))),
                             settings.pull_limit, "the image could not be downloaded within the limit of pull_limit");
}

}  // namespace berth::runtimes::local
