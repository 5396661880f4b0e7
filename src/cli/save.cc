// SPDX-License-Identifier: Apache-2.0
#include "cli/save.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <string_view>

#include "base/descriptor.h"
#include "base/error.h"
#include "cli/progress.h"
#include "cli/text.h"

namespace berth::cli {
namespace {

constexpr Milliseconds long_answer = Seconds{600};

class NewFile {
 public:
  explicit NewFile(const std::string& name) : name_(name), temporary_(name + ".part") {
    file_ = Descriptor(::open(temporary_.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600));
    if (!file_) {
      throw Error(ErrorKind::unavailable, "cannot write " + temporary_ + ": " + std::strerror(errno));
    }
  }
  ~NewFile() {
    if (file_) {
      ::unlink(temporary_.c_str());
    }
  }
  NewFile(const NewFile&) = delete;
  NewFile& operator=(const NewFile&) = delete;

  void write(std::string_view bytes) { write_all(file_.get(), bytes); }
  void finish() {
    if (::fsync(file_.get()) != 0 || ::rename(temporary_.c_str(), name_.c_str()) != 0) {
      throw Error(ErrorKind::unavailable, "cannot write " + name_ + ": " + std::strerror(errno));
    }
    file_.reset();
  }

 private:
  std::string name_;
  std::string temporary_;
  Descriptor file_;
};

}  // namespace

std::uint64_t save(Invocation& run, std::optional<std::uint64_t> length, const std::string& file,
                   const std::string& progress_words) {
  std::optional<NewFile> into;
  if (file != "-") {
    into.emplace(file);
  }
  Progress progress(run.around.errors);
  std::uint64_t received = 0;
  std::string piece(64 * 1024, '\0');
  while (const std::size_t count = run.api().read_some(piece.data(), piece.size(), long_answer)) {
    const std::string_view bytes = std::string_view(piece).substr(0, count);
    if (into) {
      into->write(bytes);
    } else if (!write_all(run.around.output, bytes)) {
      break;
    }
    progress.bytes(progress_words, received += count, length);
  }
  progress.clear();
  if (into) {
    into->finish();
  }
  return received;
}

}  // namespace berth::cli
