// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <boost/json/array.hpp>
#include <boost/json/value.hpp>
#include <string>

namespace berth::cli {

class ApiClient;

// The one instance that `text` means: its id, its name, or the only one whose id begins so. Throws Error{not_found}
// for none, and Error{invalid_argument} for several.
const boost::json::value& choose_instance(const boost::json::array& instances, const std::string& text);

enum class Among { living, all };

// Asks the server. The answer is the instance as it is now.
boost::json::value resolve_instance(ApiClient& api, const std::string& text, Among among = Among::living);

}  // namespace berth::cli
