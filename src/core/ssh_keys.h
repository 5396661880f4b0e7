// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "core/access.h"
#include "core/journal.h"
#include "core/plan.h"
#include "core/public_key.h"

namespace berth::core {

// The use cases of SSH keys: an identity of the kind ssh_key is a token whose secret never reaches us; its hash is that
// of the public key. Lives as long as the server.
class SshKeys {
 public:
  SshKeys(Journal& journal, const Clock& clock, const std::vector<Plan>& plans);

  // `name` empty: the key's comment. Throws Error{invalid_argument}, {conflict} for a key that is bound already, and
  // {exhausted}.
  async::Task<Token> add(Caller caller, std::string name, std::string line);
  async::Task<std::vector<Token>> list(Caller caller, Page page);
  async::Task<> remove(Caller caller, TokenId id);
  // Returns when the key is removed, which may be long ago: for what it has opened.
  async::Task<> removed(TokenId id);

  // Who has this key; nothing for an unknown or expired one. The door has had its possession proven, or only asks.
  async::Task<std::optional<Caller>> authenticate(std::string blob);
  // The same, and a new guest account for an unknown key that was proven. Throws Error{forbidden} when no plan is for
  // guests, and Error{invalid_argument} for a weak key.
  async::Task<Caller> authenticate_or_welcome(std::string blob);
  bool takes_guests() const;

 private:
  Journal& journal_;
  const Clock& clock_;
  const std::vector<Plan>& plans_;
  std::multimap<TokenId, async::Trigger*> waiting_;  // for the removal of a key
};

}  // namespace berth::core
