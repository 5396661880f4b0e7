// SPDX-License-Identifier: Apache-2.0
#include "warden/oci_layout.h"

#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <boost/json/array.hpp>
#include <boost/json/object.hpp>

#include "base/described.h"
#include "warden/system_error.h"

namespace berth::warden {
namespace {

using boost::json::object;
using boost::json::value;

constexpr std::size_t longest_json = 4 << 20;
constexpr std::size_t longest_text = 32 * 1024;
constexpr std::size_t most_texts = 1024;
constexpr std::size_t most_layers = 1024;

[[noreturn]] void refuse(const std::string& what) {
  throw Error(ErrorKind::invalid_argument, "the OCI layout " + what);
}

Descriptor open_inside(const Descriptor& folder, const std::string& name) {
  open_how how{};
  how.flags = O_RDONLY | O_CLOEXEC | O_NONBLOCK;
  how.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS;
  Descriptor file(static_cast<int>(::syscall(SYS_openat2, folder.get(), name.c_str(), &how, sizeof how)));
  struct stat state{};
  if (!file || ::fstat(file.get(), &state) != 0 || !S_ISREG(state.st_mode)) {
    refuse("has no file " + name);
  }
  return file;
}

std::string read_inside(const Descriptor& folder, const std::string& name) {
  const Descriptor file = open_inside(folder, name);
  std::string text(longest_json + 1, '\0');
  std::size_t size = 0;
  while (size < text.size()) {
    const ssize_t got = ::read(file.get(), text.data() + size, text.size() - size);
    if (check(got, "read an OCI layout") == 0) {
      break;
    }
    size += static_cast<std::size_t>(got);
  }
  if (size > longest_json) {
    refuse("has a description that is too long");
  }
  text.resize(size);
  return text;
}

void copy_inside(const Descriptor& folder, const std::string& name, const path& to, Bytes& left) {
  const Descriptor from = open_inside(folder, name);
  const Descriptor copy(::open((to / name).c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600));
  check(copy.get(), "copy an OCI layout");
  for (;;) {
    const ssize_t got = ::copy_file_range(from.get(), nullptr, copy.get(), nullptr, 16 << 20, 0);
    if (check(got, "copy an OCI layout") == 0) {
      return;
    }
    if (static_cast<std::uint64_t>(got) > left.count) {
      throw Error(ErrorKind::too_large, "the OCI layout is larger than an image may be");
    }
    left.count -= static_cast<std::uint64_t>(got);
  }
}

const value& member(const object& of, const char* name) {
  const value* found = of.if_contains(name);
  if (found == nullptr) {
    refuse("has no '" + std::string(name) + "'");
  }
  return *found;
}

const object& as_object(const value& json) {
  if (!json.is_object()) {
    refuse("is not described as the specification says");
  }
  return json.get_object();
}

// The file of a blob named by a descriptor of the specification.
std::string blob_name(const object& descriptor) {
  const value& digest = member(descriptor, "digest");
  const std::string text = digest.is_string() ? std::string(digest.get_string()) : "";
  constexpr std::string_view algorithm = "sha256:";
  const auto is_hexadecimal = [](char character) {
    return (character >= '0' && character <= '9') || (character >= 'a' && character <= 'f');
  };
  if (!text.starts_with(algorithm) || text.size() != algorithm.size() + 64 ||
      !std::ranges::all_of(text.substr(algorithm.size()), is_hexadecimal)) {
    refuse("has a digest that is not SHA-256");
  }
  return "blobs/sha256/" + text.substr(algorithm.size());
}

std::string text_of(const object& of, const char* name) {
  const value* found = of.if_contains(name);
  if (found == nullptr || found->is_null()) {
    return "";
  }
  if (!found->is_string() || found->get_string().size() > longest_text ||
      found->get_string().find('\0') != boost::json::string::npos) {
    refuse(std::string("has a '") + name + "' that is no text of sensible length");
  }
  return std::string(found->get_string());
}

std::vector<std::string> texts_of(const object& of, const char* name) {
  std::vector<std::string> texts;
  const value* found = of.if_contains(name);
  if (found == nullptr || found->is_null()) {
    return texts;
  }
  std::size_t whole = 0;
  if (!found->is_array() || found->get_array().size() > most_texts) {
    refuse(std::string("has a '") + name + "' that is no list of sensible length");
  }
  for (const value& element : found->get_array()) {
    texts.push_back(text_of(object{{"text", element}}, "text"));
    whole += texts.back().size();
  }
  if (whole > 2 * longest_text) {
    refuse(std::string("has a '") + name + "' that is too long");
  }
  return texts;
}

// Of the image configuration (image-spec 1.0, config.md).
wire::ImageStatus status_of(const object& configuration) {
  wire::ImageStatus status;
  const value* found = configuration.if_contains("config");
  if (found == nullptr || found->is_null()) {
    return status;
  }
  const object& config = as_object(*found);
  status.command = texts_of(config, "Entrypoint");
  std::ranges::copy(texts_of(config, "Cmd"), std::back_inserter(status.command));
  for (std::string& variable : texts_of(config, "Env")) {
    if (variable.find('=') != std::string::npos && !variable.starts_with('=')) {
      status.environment.push_back(std::move(variable));
    }
  }
  status.directory = text_of(config, "WorkingDir");
  status.user = text_of(config, "User");
  if (!status.directory.empty() && !status.directory.starts_with('/')) {
    refuse("has a 'WorkingDir' that is not absolute");
  }
  return status;
}

}  // namespace

wire::ImageStatus copy_oci_layout(const Descriptor& from, const path& to, Bytes most) {
  const value index = parse_json(read_inside(from, "index.json"));
  const value& manifests = member(as_object(index), "manifests");
  if (!manifests.is_array() || manifests.get_array().size() != 1) {
    refuse("must hold exactly one image");
  }
  object chosen = as_object(manifests.get_array().front());
  const std::string manifest_name = blob_name(chosen);
  const std::string manifest_text = read_inside(from, manifest_name);
  const value parsed = parse_json(manifest_text);
  const object& manifest = as_object(parsed);
  if (manifest.contains("manifests")) {
    refuse("holds an image for several architectures; copy one of them");
  }
  const std::string configuration_name = blob_name(as_object(member(manifest, "config")));
  const std::string configuration = read_inside(from, configuration_name);
  wire::ImageStatus status = status_of(as_object(parse_json(configuration)));

  for (const path& folder : {to, to / "blobs", to / "blobs/sha256"}) {
    make_folder(folder, 0700);
  }
  replace_file(to / manifest_name, manifest_text);
  replace_file(to / configuration_name, configuration);
  const value& layers = member(manifest, "layers");
  if (!layers.is_array() || layers.get_array().size() > most_layers) {
    refuse("has no layers, or too many");
  }
  for (const value& layer : layers.get_array()) {
    copy_inside(from, blob_name(as_object(layer)), to, most);
  }
  chosen["annotations"] = object{{"org.opencontainers.image.ref.name", "image"}};
  replace_file(to / "index.json", print_json(object{{"schemaVersion", 2}, {"manifests", boost::json::array{chosen}}}));
  replace_file(to / "oci-layout", R"({"imageLayoutVersion":"1.0.0"})");
  return status;
}

}  // namespace berth::warden
