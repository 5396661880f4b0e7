// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "async/task.h"
#include "http/exchange.h"

namespace berth::http {

// A folder of a web page, read whole into memory at start-up, so that no request can name anything else on the disk.
// Links and names that begin with a dot are left out. Immutable afterwards.
class StaticFiles {
 public:
  // A folder that is not there is empty. Throws Error{unavailable} when it cannot be read or holds over 64 MiB.
  StaticFiles(const std::filesystem::path& folder, std::string content_security_policy);

  // Without index.html there is no page.
  bool has_page() const { return files_.contains("/index.html"); }
  // GET or HEAD of a file; of any other path without a dot in its last segment, index.html (the page routes it). Files
  // below /assets/ carry a hash in their name and are cached for ever. Throws Error{not_found}.
  async::Task<> answer(Exchange& exchange) const;

 private:
  struct File {
    std::string bytes;
    std::string gzip;  // empty: there is none
    std::string tag;   // of the bytes, without quotes
    std::string content_type;
  };
  const File* find(const std::string& path, std::string& name) const;

  std::map<std::string, File, std::less<>> files_;  // by the path in the address
  std::string content_security_policy_;
};

}  // namespace berth::http
