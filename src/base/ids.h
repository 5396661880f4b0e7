// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <compare>
#include <cstddef>
#include <functional>
#include <string>
#include <string_view>
#include <utility>

namespace berth {

// A string that names one kind of thing; ids of different kinds do not mix.
template <class Tag>
class Id {
 public:
  Id() = default;
  explicit Id(std::string text) : text_(std::move(text)) {}

  const std::string& text() const { return text_; }
  bool empty() const { return text_.empty(); }
  auto operator<=>(const Id&) const = default;

 private:
  std::string text_;
};

using AccountId = Id<struct AccountTag>;
using InstanceId = Id<struct InstanceTag>;
using TokenId = Id<struct TokenTag>;
using RecordingId = Id<struct RecordingTag>;
using ImageName = Id<struct ImageTag>;
using PlanName = Id<struct PlanTag>;
using LabId = Id<struct LabTag>;  // of one version of a lab
using AttemptId = Id<struct AttemptTag>;

// `length` random characters of [a-z2-7] (5 bits each) from the system's generator. Never fails.
std::string random_name(std::size_t length);

// Whether `text` is a lower-case name: [a-z0-9] then [a-z0-9._-], at most `longest` characters, no "..".
bool is_name(std::string_view text, std::size_t longest = 64);

}  // namespace berth

template <class Tag>
struct std::hash<berth::Id<Tag>> {
  std::size_t operator()(const berth::Id<Tag>& id) const { return std::hash<std::string>{}(id.text()); }
};
