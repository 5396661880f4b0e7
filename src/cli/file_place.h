// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "cli/http_client.h"

namespace berth::cli {

// "INSTANCE:/path" as an argument of cp.
struct Place {
  std::string instance;
  std::string path;    // absolute, without "." and ".." and a slash at the end
  bool slash = false;  // it was written with one: a folder is meant
};

// Nothing when the argument is a local name: without a colon, or with a slash before it ("./a:b"). Throws
// Error{invalid_argument} on a path that is not absolute.
std::optional<Place> parse_place(const std::string& argument);

// The last name of a path; empty for the root.
std::string base_name(const std::string& path);

enum class PathKind { absent, file, folder };

struct Source {
  PathKind kind = PathKind::file;
  std::string name;
};

struct Target {
  std::string path;
  PathKind kind = PathKind::absent;
  bool slash = false;
};

// Where a copy lands: below `folder`, as `name`.
struct Landing {
  std::string folder;
  std::string name;
};

// As `cp -r` does it: into a folder that is there, else under the target's own name. Throws Error{conflict} for a
// folder onto a file, and Error{not_found} for a file into a folder that is not there.
Landing landing_of(const Source& source, const Target& target);

// Looks at the first header of a tar and gives everything on, header included.
class TarStart {
 public:
  // Reads the header; throws Error{instance_fault} when there is none.
  explicit TarStart(BodySource source);
  PathKind kind() const { return kind_; }
  std::size_t read(char* into, std::size_t size);

 private:
  BodySource source_;
  std::string read_ahead_;
  PathKind kind_ = PathKind::file;
};

PathKind first_tar_entry(BodySource source);

}  // namespace berth::cli
