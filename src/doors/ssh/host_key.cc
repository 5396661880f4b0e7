// SPDX-License-Identifier: Apache-2.0
#include "doors/ssh/host_key.h"

#include <libssh/libssh.h>
#include <sys/stat.h>

#include <cerrno>
#include <cstring>
#include <system_error>

#include "base/base64.h"
#include "base/error.h"
#include "base/secret.h"
#include "core/public_key.h"
#include "doors/ssh/key_blob.h"

namespace berth::doors::ssh {
namespace {

[[noreturn]] void fail(const std::filesystem::path& file, const std::string& why) {
  throw Error(ErrorKind::unavailable,
              "the SSH host key " + file.string() + " " + why + "; remove it and a new one is made at the next start");
}

void make(const std::filesystem::path& file) {
  ssh_key key = nullptr;
  char* text = nullptr;
  const bool made = ssh_pki_generate(SSH_KEYTYPE_ED25519, 0, &key) == SSH_OK &&
                    ssh_pki_export_privkey_base64(key, nullptr, nullptr, nullptr, &text) == SSH_OK;
  const Secret secret(made ? text : "");
  ssh_key_free(key);
  ssh_string_free_char(text);
  if (!made) {
    fail(file, "could not be made");
  }
  write_secret_file(file, secret);
}

}  // namespace

void HostKey::Free::operator()(ssh_key_struct* key) const { ssh_key_free(key); }

HostKey::HostKey(const std::filesystem::path& file) {
  std::error_code fault;
  if (!std::filesystem::exists(file, fault)) {
    make(file);
  }
  struct stat status{};
  if (::stat(file.c_str(), &status) != 0) {
    fail(file, std::string("cannot be read: ") + std::strerror(errno));
  }
  if ((status.st_mode & 077U) != 0) {
    fail(file, "is open to others (chmod 600), so it may be known to them");
  }
  ssh_key key = nullptr;
  if (ssh_pki_import_privkey_base64(read_secret_file(file).reveal().c_str(), nullptr, nullptr, nullptr, &key) !=
      SSH_OK) {
    fail(file, "cannot be read");
  }
  key_.reset(key);
  fingerprint_ = core::fingerprint_of_hash(core::hash_public_key(blob_of(key)));
}

ssh_key_struct* HostKey::copy() const { return ssh_key_dup(key_.get()); }

}  // namespace berth::doors::ssh
