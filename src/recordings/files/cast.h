// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

#include "core/recording_archive.h"
#include "core/searchable_words.h"
#include "core/utf8.h"
#include "recordings/files/log.h"

namespace berth::recordings::files {

// Makes an asciicast of a log, record by record: version 2, https://docs.asciinema.org/manual/asciicast/v2/. Output is
// valid UTF-8 in it, with characters that came in two pieces joined.
class Cast {
 public:
  // The lines that are whole by now.
  std::string add(const LogRecord& record);
  // The last lines; they tell of a recording that was `truncated`.
  std::string finish(bool truncated);
  // After finish().
  core::RecordingSummary summary();

 private:
  std::string event(Milliseconds at, char code, std::string_view text);
  std::string output(Milliseconds at, std::string text);
  std::string mark(Milliseconds at, const std::string& words);
  std::string counted(std::string lines);

  core::Utf8Joiner joiner_;
  core::WordCollector words_;
  Milliseconds at_{};
  Bytes size_;
};

}  // namespace berth::recordings::files
