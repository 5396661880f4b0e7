// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <boost/json/value.hpp>
#include <filesystem>
#include <string_view>

namespace berth {

// TOML as the JSON value that from_json() reads. Throws Error{invalid_argument} with the line of the fault.
boost::json::value parse_toml(std::string_view text);
// The same of a file. Throws Error{not_found} or Error{unavailable}.
boost::json::value read_toml_file(const std::filesystem::path& path);

}  // namespace berth
