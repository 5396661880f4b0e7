// SPDX-License-Identifier: Apache-2.0
#include "stores/sql/value.h"

namespace berth::stores::sql {

std::string scopes_to_text(const core::Scopes& scopes) {
  std::string text;
  for (const core::Scope scope : scopes) {
    text += (text.empty() ? "" : ",") + std::string(enum_name(scope));
  }
  return text;
}

core::Scopes scopes_from_text(std::string_view text) {
  core::Scopes scopes;
  while (!text.empty()) {
    const std::string_view name = text.substr(0, text.find(','));
    const auto scope = enum_from_name<core::Scope>(name);
    if (!scope) {
      refuse_stored(name);
    }
    scopes.insert(*scope);
    text.remove_prefix(std::min(name.size() + 1, text.size()));
  }
  return scopes;
}

}  // namespace berth::stores::sql
