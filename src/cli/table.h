// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <initializer_list>
#include <string>
#include <vector>

namespace berth::cli {

// Columns aligned for people, two spaces apart, with no spaces at the ends of lines. Cells are made printable.
class Table {
 public:
  enum class Align { left, right };

  explicit Table(std::vector<std::string> headings) : headings_(std::move(headings)) {}

  // Missing cells are empty; an empty cell is shown as "-".
  void add(std::vector<std::string> cells);
  // Numbers read better when their ends are below each other.
  void align_right(std::initializer_list<std::size_t> columns);
  bool empty() const { return rows_.empty(); }
  std::string text() const;

 private:
  std::string line(const std::vector<std::string>& cells, const std::vector<std::size_t>& widths) const;

  std::vector<std::string> headings_;
  std::vector<std::vector<std::string>> rows_;
  std::vector<std::size_t> right_;
};

// "name   value" lines, one for each field, aligned.
std::string field_lines(const std::vector<std::pair<std::string, std::string>>& fields);

}  // namespace berth::cli
