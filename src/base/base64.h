// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace berth {

// RFC 4648 with the standard alphabet.
std::string encode_base64(std::string_view bytes, bool padded = true);
// Nothing when it is no base64. Padding must be there.
std::optional<std::string> decode_base64(std::string_view text);

}  // namespace berth
