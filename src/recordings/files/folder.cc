// SPDX-License-Identifier: Apache-2.0
#include "recordings/files/folder.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <map>
#include <utility>

#include "base/descriptor.h"
#include "base/error.h"
#include "recordings/files/cast.h"
#include "recordings/files/compressed_file.h"
#include "recordings/files/log.h"

namespace berth::recordings::files {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t piece_size = 256U << 10;

Descriptor open_log(const fs::path& path, int flags) {
  Descriptor file(::open(path.c_str(), flags | O_CLOEXEC, 0600));
  if (!file) {
    fail("cannot be opened", path);
  }
  return file;
}

// Appends all or nothing.
void append_whole(const fs::path& path, const std::string& bytes, int flags) {
  const Descriptor file = open_log(path, O_WRONLY | O_APPEND | flags);
  const off_t before = ::lseek(file.get(), 0, SEEK_END);
  try {
    write_all(file, bytes, path);
  } catch (...) {
    if (::ftruncate(file.get(), before) != 0) {
      // Half a record stays at the end; resume() and readers leave it out.
    }
    throw;
  }
}

// The whole records of a log, one after the other.
class LogReader {
 public:
  explicit LogReader(const fs::path& path) : path_(path), file_(open_log(path, O_RDONLY)) {}

  std::optional<LogRecord> next() {
    for (;;) {
      std::string_view rest = std::string_view(buffer_).substr(taken_);
      const std::size_t before = rest.size();
      if (auto record = take_record(rest)) {
        taken_ += before - rest.size();
        position_ += before - rest.size();
        return record;
      }
      buffer_.erase(0, std::exchange(taken_, 0));
      const std::string piece = read_piece(file_, piece_size, path_);
      if (piece.empty()) {
        return std::nullopt;
      }
      buffer_ += piece;
    }
  }
  // The end of the last record.
  std::uint64_t position() const { return position_; }

 private:
  fs::path path_;
  Descriptor file_;
  std::string buffer_;
  std::size_t taken_ = 0;
  std::uint64_t position_ = 0;
};

// Some text of a cast from a log, about a piece; empty at its end.
std::string make_piece(LogReader& log, Cast& cast) {
  std::string text;
  while (text.size() < piece_size) {
    const auto record = log.next();
    if (!record) {
      break;
    }
    text += cast.add(*record);
  }
  return text;
}

class LogSource final : public CastSource {
 public:
  LogSource(const fs::path& path, bool truncated) : log_(path), truncated_(truncated) {}
  std::optional<std::string> next() override {
    if (ended_) {
      return std::nullopt;
    }
    std::string text = make_piece(log_, cast_);
    if (text.empty()) {
      ended_ = true;
      return cast_.finish(truncated_);
    }
    return text;
  }

 private:
  LogReader log_;
  Cast cast_;
  bool truncated_;
  bool ended_ = false;
};

class FileSource final : public CastSource {
 public:
  explicit FileSource(const fs::path& path) : file_(path) {}
  std::optional<std::string> next() override { return file_.read(); }

 private:
  DecompressedFile file_;
};

void remove_file(const fs::path& path) {
  if (::unlink(path.c_str()) != 0 && errno != ENOENT) {
    fail("cannot be removed", path);
  }
}

}  // namespace

void Folder::begin(const core::RecordingHead& head) const {
  append_whole(log(head.id), encode(record_of(head)), O_CREAT | O_TRUNC);
}

core::RecordingState Folder::resume(const RecordingId& id) const {
  LogReader reader(log(id));
  core::RecordingState state;
  while (const auto record = reader.next()) {
    if (record->kind == RecordKind::head) {
      continue;
    }
    state.at = record->at;
    if (record->kind == RecordKind::output) {
      state.offset = record->offset + record->payload.size();
    }
  }
  state.kept = Bytes{reader.position()};
  const Descriptor file = open_log(log(id), O_WRONLY);
  if (::ftruncate(file.get(), static_cast<off_t>(reader.position())) != 0) {
    fail("cannot be written", log(id));
  }
  return state;
}

void Folder::append(const RecordingId& id, std::vector<core::RecordedMoment> moments) const {
  std::string bytes;
  for (core::RecordedMoment& moment : moments) {
    bytes += encode(record_of(std::move(moment)));
  }
  append_whole(log(id), bytes, 0);
}

core::RecordingSummary Folder::finish(const RecordingId& id, bool truncated) const {
  LogReader reader(log(id));
  Cast made;
  fs::path unfinished = cast(id);
  unfinished += ".part";
  CompressedFile file(unfinished);
  for (std::string text = make_piece(reader, made); !text.empty(); text = make_piece(reader, made)) {
    file.write(text);
  }
  file.write(made.finish(truncated));
  file.finish();
  if (::rename(unfinished.c_str(), cast(id).c_str()) != 0) {
    fail("cannot be written", cast(id));
  }
  return made.summary();
}

void Folder::settle(const RecordingId& id) const { remove_file(log(id)); }

// While there is a log, it is the truth.
std::unique_ptr<CastSource> Folder::open(const RecordingId& id, bool truncated) const {
  try {
    return std::make_unique<LogSource>(log(id), truncated);
  } catch (const Error& error) {
    if (error.kind() != ErrorKind::not_found) {
      throw;
    }
  }
  return std::make_unique<FileSource>(cast(id));
}

void Folder::remove(const RecordingId& id) const {
  fs::path unfinished = cast(id);
  unfinished += ".part";
  remove_file(log(id));
  remove_file(unfinished);
  remove_file(cast(id));
}

std::vector<core::ArchivedRecording> Folder::list() const {
  std::map<RecordingId, bool> settled;
  for (const fs::directory_entry& entry : fs::directory_iterator(path_)) {
    const std::string name = entry.path().filename().string();
    const RecordingId id(name.substr(0, name.find('.')));
    settled.try_emplace(id, true);
    if (name.ends_with(".log")) {
      settled[id] = false;
    }
  }
  std::vector<core::ArchivedRecording> list;
  for (const auto& [id, is_settled] : settled) {
    list.push_back({id, is_settled});
  }
  return list;
}

}  // namespace berth::recordings::files
