// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string_view>

namespace berth::http {

// ASCII, whatever the locale.
bool equal_ignoring_case(std::string_view left, std::string_view right);
// Without spaces and tabs at both ends.
std::string_view trim(std::string_view text);
// Cuts the text before the first `separator` off the front of `rest`, with the separator. Nothing once `rest` is used
// up; a text that ends with the separator has an empty last part.
std::optional<std::string_view> next_part(std::optional<std::string_view>& rest, char separator);
// Whether a comma-separated header value has this element; its parameters (";q=1") are not looked at.
bool list_contains(std::string_view list, std::string_view element);
// RFC 9110, 5.6.2.
bool is_token(std::string_view text);
// RFC 9110, 5.5: no control character but tab.
bool is_field_value(std::string_view text);

}  // namespace berth::http
