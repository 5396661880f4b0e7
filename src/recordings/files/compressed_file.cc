// SPDX-License-Identifier: Apache-2.0
#include "recordings/files/compressed_file.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

#include "base/error.h"

namespace berth::recordings::files {
namespace {

constexpr int compression_level = 3;
constexpr std::size_t piece_size = 128U << 10;

Descriptor open_file(const std::filesystem::path& path, int flags) {
  Descriptor file(::open(path.c_str(), flags | O_CLOEXEC, 0600));
  if (!file) {
    fail("cannot be opened", path);
  }
  return file;
}

}  // namespace

void fail(const std::string& what, const std::filesystem::path& path) {
  const int code = errno;
  throw Error(code == ENOENT ? ErrorKind::not_found : ErrorKind::unavailable,
              "the recording " + path.filename().string() + " " + what + ": " + std::strerror(code) +
                  (code == ENOSPC || code == EDQUOT ? "; make room on the disk" : ""));
}

void write_all(const Descriptor& file, std::string_view bytes, const std::filesystem::path& path) {
  while (!bytes.empty()) {
    const ssize_t written = ::write(file.get(), bytes.data(), bytes.size());
    if (written < 0 && errno != EINTR) {
      fail("cannot be written", path);
    }
    bytes.remove_prefix(written < 0 ? 0 : static_cast<std::size_t>(written));
  }
}

std::string read_piece(const Descriptor& file, std::size_t most, const std::filesystem::path& path) {
  std::string piece(most, '\0');
  ssize_t length = -1;
  do {
    length = ::read(file.get(), piece.data(), piece.size());
  } while (length < 0 && errno == EINTR);
  if (length < 0) {
    fail("cannot be read", path);
  }
  piece.resize(static_cast<std::size_t>(length));
  return piece;
}

CompressedFile::CompressedFile(std::filesystem::path path)
    : path_(std::move(path)),
      file_(open_file(path_, O_WRONLY | O_CREAT | O_TRUNC)),
      context_(ZSTD_createCCtx(), &ZSTD_freeCCtx) {
  if (!context_) {
    throw Error(ErrorKind::unavailable, "the host is out of memory");
  }
  ZSTD_CCtx_setParameter(context_.get(), ZSTD_c_compressionLevel, compression_level);
  ZSTD_CCtx_setParameter(context_.get(), ZSTD_c_checksumFlag, 1);
}

void CompressedFile::write(std::string_view text) { compress(text, ZSTD_e_continue); }

void CompressedFile::finish() {
  compress({}, ZSTD_e_end);
  if (::fdatasync(file_.get()) != 0) {
    fail("cannot be written", path_);
  }
}

void CompressedFile::compress(std::string_view text, ZSTD_EndDirective end) {
  ZSTD_inBuffer input{text.data(), text.size(), 0};
  std::string piece(ZSTD_CStreamOutSize(), '\0');
  for (std::size_t left = 1; end == ZSTD_e_end ? left != 0 : input.pos != input.size;) {
    ZSTD_outBuffer output{piece.data(), piece.size(), 0};
    left = ZSTD_compressStream2(context_.get(), &output, &input, end);
    if (ZSTD_isError(left) != 0) {
      throw Error(ErrorKind::internal, "a recording could not be compressed");
    }
    write_all(file_, std::string_view(piece).substr(0, output.pos), path_);
  }
}

DecompressedFile::DecompressedFile(std::filesystem::path path)
    : path_(std::move(path)), file_(open_file(path_, O_RDONLY)), context_(ZSTD_createDCtx(), &ZSTD_freeDCtx) {
  if (!context_) {
    throw Error(ErrorKind::unavailable, "the host is out of memory");
  }
}

std::optional<std::string> DecompressedFile::read() {
  for (;;) {
    const std::string compressed = read_piece(file_, piece_size, path_);
    if (compressed.empty()) {
      return std::nullopt;
    }
    std::string text;
    std::string piece(ZSTD_DStreamOutSize(), '\0');
    ZSTD_inBuffer input{compressed.data(), compressed.size(), 0};
    for (bool full = false; input.pos < input.size || full;) {
      ZSTD_outBuffer output{piece.data(), piece.size(), 0};
      if (ZSTD_isError(ZSTD_decompressStream(context_.get(), &output, &input)) != 0) {
        throw Error(ErrorKind::unavailable, "the recording " + path_.filename().string() + " is damaged on the disk");
      }
      full = output.pos == output.size;
      text.append(piece, 0, output.pos);
    }
    if (!text.empty()) {
      return text;
    }
  }
}

}  // namespace berth::recordings::files
