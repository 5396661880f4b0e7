// SPDX-License-Identifier: Apache-2.0
#include "recordings/files/cast.h"

#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>
#include <cstdio>
#include <utility>

namespace berth::recordings::files {
namespace {

std::string quoted(std::string_view text) { return boost::json::serialize(boost::json::string(text)); }

std::string header_of(const LogRecord& head) {
  const wire::WindowSize size = size_of(head);
  boost::json::object header;
  header["version"] = 2;
  header["width"] = size.columns;
  header["height"] = size.rows;
  header["timestamp"] = std::chrono::floor<Seconds>(head.at).count();
  header["title"] = title_of(head);
  header["env"] = boost::json::object{{"TERM", "xterm-256color"}};
  return boost::json::serialize(header) + "\n";
}

}  // namespace

std::string Cast::event(Milliseconds at, char code, std::string_view text) {
  char time[32];
  std::snprintf(time, sizeof time, "%lld.%03lld", static_cast<long long>(at.count() / 1000),
                static_cast<long long>(at.count() % 1000));
  return "[" + std::string(time) + ", \"" + code + "\", " + quoted(text) + "]\n";
}

std::string Cast::output(Milliseconds at, std::string text) {
  if (text.empty()) {
    return {};
  }
  words_.add(text);
  return event(at, 'o', text);
}

// An output line for who looks on, and a marker for who looks for it.
std::string Cast::mark(Milliseconds at, const std::string& words) {
  return event(at, 'o', "\r\n\x1b[0;7m " + words + " \x1b[0m\r\n") + event(at, 'm', words);
}

std::string Cast::counted(std::string lines) {
  size_.count += lines.size();
  return lines;
}

std::string Cast::add(const LogRecord& record) {
  if (record.kind == RecordKind::head) {
    return counted(header_of(record));
  }
  at_ = record.at;
  switch (record.kind) {
    case RecordKind::output:
      return counted(output(at_, joiner_.add(record.payload)));
    case RecordKind::gap: {
      std::string before = output(at_, joiner_.finish());
      return counted(std::move(before) +
                     mark(at_, std::to_string(missing_of(record)) + " bytes of output were not recorded"));
    }
    case RecordKind::size: {
      const wire::WindowSize size = size_of(record);
      return counted(event(at_, 'r', std::to_string(size.columns) + "x" + std::to_string(size.rows)));
    }
    case RecordKind::head:
      break;
  }
  return {};
}

std::string Cast::finish(bool truncated) {
  std::string lines = output(at_, joiner_.finish());
  if (truncated) {
    lines += mark(at_, "the recording was cut here");
  }
  return counted(std::move(lines));
}

core::RecordingSummary Cast::summary() {
  return {.size = size_, .duration = std::chrono::ceil<Seconds>(at_), .words = words_.take()};
}

}  // namespace berth::recordings::files
