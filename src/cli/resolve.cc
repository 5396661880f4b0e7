// SPDX-License-Identifier: Apache-2.0
#include "cli/resolve.h"

#include "base/error.h"
#include "cli/api_client.h"
#include "cli/text.h"

namespace berth::cli {
namespace {

// The only item that matches; null for none.
template <class Matches>
const boost::json::value* only(const boost::json::array& instances, const std::string& text, const char* what,
                               Matches matches) {
  const boost::json::value* found = nullptr;
  std::string ids;
  for (const auto& instance : instances) {
    if (matches(instance)) {
      ids += (ids.empty() ? "" : ", ") + printable(text_of(instance, "id"));
      found = found == nullptr ? &instance : found;
    }
  }
  if (found != nullptr && ids.find(',') != std::string::npos) {
    throw Error(ErrorKind::invalid_argument,
                "'" + printable(text) + "' is the " + what + " of several instances (" + ids + "); give a whole id");
  }
  return found;
}

}  // namespace

const boost::json::value& choose_instance(const boost::json::array& instances, const std::string& text) {
  for (const auto& instance : instances) {
    if (text_of(instance, "id") == text) {
      return instance;
    }
  }
  if (const auto* named =
          only(instances, text, "name", [&](const auto& instance) { return text_of(instance, "name") == text; })) {
    return *named;
  }
  if (!text.empty()) {
    if (const auto* begun = only(instances, text, "beginning",
                                 [&](const auto& instance) { return text_of(instance, "id").starts_with(text); })) {
      return *begun;
    }
  }
  throw Error(ErrorKind::not_found, "there is no instance '" + printable(text) + "'; 'berth ls' shows yours");
}

boost::json::value resolve_instance(ApiClient& api, const std::string& text, Among among) {
  if (text.empty() || text.size() > 64) {
    throw Error(ErrorKind::not_found, "there is no such instance; 'berth ls' shows yours");
  }
  try {
    return api.get(path_of("/instances", text));
  } catch (const Error& error) {
    if (error.kind() != ErrorKind::not_found && error.kind() != ErrorKind::invalid_argument) {
      throw;
    }
  }
  CallOptions options;
  if (among == Among::all) {
    options.query.emplace_back("all", "true");
  }
  const auto page = api.list("/instances", options);
  return choose_instance(items_of(page), text);
}

}  // namespace berth::cli
