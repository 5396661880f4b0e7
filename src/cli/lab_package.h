// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <boost/json/object.hpp>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

namespace berth::cli {

// A lab as a folder: lab.toml and scripts beside it.
struct LabFolder {
  std::string name;  // the folder's
  boost::json::object manifest;
  std::map<std::string, std::string> files;

  // The body of an upload.
  boost::json::object package() const;
  std::size_t steps() const;  // of a guided lab, else 0
  // Of a machine, or of all where there is one file; empty: there is none.
  std::string script(const std::string& what, const std::string& machine) const;
};

// Throws Error{not_found} or Error{invalid_argument} that names the file at fault.
LabFolder read_lab(const std::filesystem::path& folder);

// What an author should know of a lab that is no fault: a check that can be fooled, a missing solution.
std::vector<std::string> warnings_of(const LabFolder& lab);

}  // namespace berth::cli
