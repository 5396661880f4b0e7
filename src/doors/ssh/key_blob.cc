// SPDX-License-Identifier: Apache-2.0
#include "doors/ssh/key_blob.h"

#include <libssh/libssh.h>

#include "base/base64.h"

namespace berth::doors::ssh {

std::string blob_of(const ssh_key_struct* key) {
  char* text = nullptr;
  std::string blob;
  if (key != nullptr && ssh_pki_export_pubkey_base64(const_cast<ssh_key>(key), &text) == SSH_OK) {
    blob = decode_base64(text).value_or("");
  }
  ssh_string_free_char(text);
  return blob;
}

}  // namespace berth::doors::ssh
