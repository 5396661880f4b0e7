// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cstdint>
#include <limits>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "stores/sql/rows.h"

namespace berth::stores::sql {

// A statement with its parameters: text is text of ours, everything else goes in as a parameter.
class Query {
 public:
  explicit Query(std::string_view text) : text_(text) {}

  Query& add(std::string_view text) {
    text_ += text;
    return *this;
  }
  template <class T>
  Query& add(std::string_view text, const T& parameter) {
    parameters_.push_back(to_value(parameter));
    text_ += text;
    text_ += ":p" + std::to_string(parameters_.size());
    return *this;
  }
  // " IN (…)"; `members` is not empty.
  template <class T>
  Query& add_in(std::string_view text, const std::vector<T>& members) {
    add(text).add(" IN ");
    std::string_view separator = "(";
    for (const T& member : members) {
      add(separator, member);
      separator = ", ";
    }
    return add(")");
  }
  Query& add_limit(std::size_t limit) {
    return add(" LIMIT ", limit == 0 ? most : std::min<std::uint64_t>(limit, most));
  }

  const std::string& text() const { return text_; }
  std::vector<Value> take_parameters() { return std::move(parameters_); }

  // What databases can count to.
  static constexpr std::uint64_t most = std::numeric_limits<std::int64_t>::max();

 private:
  std::string text_;
  std::vector<Value> parameters_;
};

// SELECT of whole nouns; conditions follow.
template <class Row>
Query select() {
  static const std::string text = "SELECT " + column_list<Row>() + " FROM " + std::string(Table<Row>::name) + " WHERE ";
  return Query(text);
}

// INSERT of a noun, or replacement of the one with its key.
template <class Row>
Query upsert(const Row& row) {
  Query query("INSERT INTO ");
  query.add(Table<Row>::name).add(" (").add(column_list<Row>()).add(") VALUES ");
  std::string_view separator = "(";
  std::string_view key;
  std::string changes;
  for_each_column<Row>([&](const auto& column) {
    query.add(separator, row.*column.member);
    separator = ", ";
    if (key.empty()) {
      key = column.name;
      return;
    }
    changes += (changes.empty() ? "" : ", ") + std::string(column.name) + " = excluded." + std::string(column.name);
  });
  return std::move(query.add(") ON CONFLICT (").add(key).add(") DO UPDATE SET ").add(changes));
}

}  // namespace berth::stores::sql
