// SPDX-License-Identifier: Apache-2.0
#include "cli/table.h"

#include <algorithm>

#include "cli/text.h"

namespace berth::cli {

void Table::add(std::vector<std::string> cells) {
  cells.resize(headings_.size());
  for (auto& cell : cells) {
    cell = cell.empty() ? "-" : printable(cell);
  }
  rows_.push_back(std::move(cells));
}

void Table::align_right(std::initializer_list<std::size_t> columns) { right_ = columns; }

std::string Table::line(const std::vector<std::string>& cells, const std::vector<std::size_t>& widths) const {
  std::string text;
  for (std::size_t column = 0; column < cells.size(); ++column) {
    const std::string space(widths[column] - text_width(cells[column]), ' ');
    const bool right = std::ranges::find(right_, column) != right_.end();
    text += (column == 0 ? "" : "  ") + (right ? space + cells[column] : cells[column] + space);
  }
  text.erase(text.find_last_not_of(' ') + 1);
  return text + "\n";
}

std::string Table::text() const {
  std::vector<std::size_t> widths(headings_.size());
  for (std::size_t column = 0; column < headings_.size(); ++column) {
    widths[column] = text_width(headings_[column]);
    for (const auto& row : rows_) {
      widths[column] = std::max(widths[column], text_width(row[column]));
    }
  }
  std::string text = line(headings_, widths);
  for (const auto& row : rows_) {
    text += line(row, widths);
  }
  return text;
}

std::string field_lines(const std::vector<std::pair<std::string, std::string>>& fields) {
  std::size_t width = 0;
  for (const auto& [name, value] : fields) {
    width = std::max(width, text_width(name));
  }
  std::string text;
  for (const auto& [name, value] : fields) {
    text += name + std::string(width - text_width(name) + 2, ' ') + (value.empty() ? "-" : printable(value)) + "\n";
  }
  return text;
}

}  // namespace berth::cli
