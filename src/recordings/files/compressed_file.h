// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <zstd.h>

#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/descriptor.h"

namespace berth::recordings::files {

[[noreturn]] void fail(const std::string& what, const std::filesystem::path& path);
void write_all(const Descriptor& file, std::string_view bytes, const std::filesystem::path& path);
// The next bytes, at most `most`; empty: the end.
std::string read_piece(const Descriptor& file, std::size_t most, const std::filesystem::path& path);

// Blocking, like all here. Errors are Error{unavailable}.
class CompressedFile {
 public:
  explicit CompressedFile(std::filesystem::path path);
  void write(std::string_view text);
  // Now it is whole on the disk.
  void finish();

 private:
  void compress(std::string_view text, ZSTD_EndDirective end);

  std::filesystem::path path_;
  Descriptor file_;
  std::unique_ptr<ZSTD_CCtx, std::size_t (*)(ZSTD_CCtx*)> context_;
};

class DecompressedFile {
 public:
  // Throws Error{not_found} when there is no such file.
  explicit DecompressedFile(std::filesystem::path path);
  // Nothing: the end.
  std::optional<std::string> read();

 private:
  std::filesystem::path path_;
  Descriptor file_;
  std::unique_ptr<ZSTD_DCtx, std::size_t (*)(ZSTD_DCtx*)> context_;
};

}  // namespace berth::recordings::files
