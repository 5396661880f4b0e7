// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/recording_archive.h"

namespace berth::recordings::files {

// The file of a recording that goes on: records one after another, each appended whole and never changed. It keeps the
// bytes as they came, with their offsets; the cast, which is text, is made of it.
//
// A record: u32 bytes of payload · u8 kind · u64 milliseconds since the beginning · u64 offset; little endian.
enum class RecordKind : std::uint8_t {
  head = 1,    // payload: u16 columns, u16 rows, title; its milliseconds are since 1970
  output = 2,  // payload: the bytes
  gap = 3,     // payload: u64 missing bytes
  size = 4,    // payload: u16 columns, u16 rows
};

struct LogRecord {
  RecordKind kind = RecordKind::output;
  Milliseconds at{};
  std::uint64_t offset = 0;
  std::string payload;
};

std::string encode(const LogRecord& record);
LogRecord record_of(const core::RecordingHead& head);
LogRecord record_of(core::RecordedMoment moment);

// Takes the record at the front off the text; nothing when that is not a whole one.
std::optional<LogRecord> take_record(std::string_view& text);
// The numbers of a payload. Of a payload that is too short: zeros.
wire::WindowSize size_of(const LogRecord& record);
std::string title_of(const LogRecord& record);
std::uint64_t missing_of(const LogRecord& record);

}  // namespace berth::recordings::files
