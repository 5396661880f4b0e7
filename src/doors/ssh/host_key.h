// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <memory>
#include <string>

struct ssh_key_struct;

namespace berth::doors::ssh {

// The Ed25519 key by which clients know this server. Made at the first start in a file that only its owner can read; it
// never leaves the process.
class HostKey {
 public:
  // Throws Error{unavailable} when the file can be neither read nor made.
  explicit HostKey(const std::filesystem::path& file);

  // "SHA256:…", as ssh-keygen -l prints it.
  const std::string& fingerprint() const { return fingerprint_; }
  // A copy for libssh, which frees it.
  ssh_key_struct* copy() const;

 private:
  struct Free {
    void operator()(ssh_key_struct* key) const;
  };
  std::unique_ptr<ssh_key_struct, Free> key_;
  std::string fingerprint_;
};

}  // namespace berth::doors::ssh
