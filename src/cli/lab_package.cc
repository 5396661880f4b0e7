// SPDX-License-Identifier: Apache-2.0
#include "cli/lab_package.h"

#include <boost/json/array.hpp>
#include <fstream>
#include <iterator>

#include "base/error.h"
#include "base/toml.h"
#include "cli/api_client.h"
#include "cli/text.h"

namespace berth::cli {
namespace {

namespace fs = std::filesystem;

constexpr std::uintmax_t longest_file = 64 * 1024;

std::string read_text(const fs::path& path) {
  if (fs::file_size(path) > longest_file) {
    throw Error(ErrorKind::invalid_argument, printable(path.string()) + " is longer than 64 KiB");
  }
  std::ifstream file(path);
  return {std::istreambuf_iterator<char>(file), {}};
}

// What editors leave behind is no part of a lab.
bool is_meant(const fs::path& path) {
  const std::string name = path.filename().string();
  return name != "lab.toml" && !name.starts_with('.') && !name.ends_with('~');
}

}  // namespace

boost::json::object LabFolder::package() const {
  boost::json::object texts;
  for (const auto& [file, text] : files) {
    texts[file] = text;
  }
  return {{"manifest", manifest}, {"files", std::move(texts)}};
}

std::size_t LabFolder::steps() const {
  const auto* list = manifest.if_contains("steps");
  return list != nullptr && list->is_array() ? list->get_array().size() : 0;
}

std::string LabFolder::script(const std::string& what, const std::string& machine) const {
  auto found = files.find(what + "." + machine);
  if (found == files.end()) {
    found = files.find(what);
  }
  return found == files.end() ? "" : found->second;
}

LabFolder read_lab(const fs::path& folder) {
  const fs::path whole = fs::absolute(folder).lexically_normal();
  LabFolder lab;
  lab.name = (whole.has_filename() ? whole : whole.parent_path()).filename().string();
  if (!fs::is_regular_file(folder / "lab.toml")) {
    throw Error(ErrorKind::not_found, printable(folder.string()) + " has no lab.toml: it is not the folder of a lab");
  }
  lab.manifest = read_toml_file(folder / "lab.toml").as_object();
  for (const auto& entry : fs::directory_iterator(folder)) {
    if (!is_meant(entry.path())) {
      continue;
    }
    if (!entry.is_regular_file()) {
      throw Error(ErrorKind::invalid_argument,
                  printable(entry.path().string()) + " is no file; a lab has no folders: make files in setup");
    }
    lab.files[entry.path().filename().string()] = read_text(entry.path());
  }
  return lab;
}

std::vector<std::string> warnings_of(const LabFolder& lab) {
  std::vector<std::string> warnings;
  if (const auto* check = lab.manifest.if_contains("check"); check != nullptr && text_of(*check, "mode") == "inside") {
    warnings.emplace_back(
        "its check runs inside the machine, where root can make it say OK: check from outside "
        "(docs/labs.md, \"Checks that cannot be fooled\")");
  }
  if (const auto* hints = lab.manifest.if_contains("hints");
      hints == nullptr || !hints->is_array() || hints->get_array().empty()) {
    warnings.emplace_back("it has no hints");
  }
  return warnings;
}

}  // namespace berth::cli
