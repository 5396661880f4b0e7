// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>

#include "base/descriptor.h"

struct archive;

namespace berth::cli {

// Bytes of content below a local file or folder, for progress.
std::uint64_t content_size(const std::filesystem::path& source);

// A tar of a local file or folder, made piece by piece as it is read. Owners become root; sockets, pipes and devices
// are left out. Throws Error when something cannot be read, or changes its size meanwhile.
class TarPacker {
 public:
  // `name`: of the file or folder inside the archive.
  TarPacker(const std::filesystem::path& source, std::string name);
  ~TarPacker();
  TarPacker(const TarPacker&) = delete;
  TarPacker& operator=(const TarPacker&) = delete;

  // The next bytes of the archive; 0 is its end.
  std::size_t read(char* into, std::size_t size);
  // Bytes of content packed so far.
  std::uint64_t packed() const { return packed_; }
  std::uint64_t skipped() const { return skipped_; }

 private:
  void step();
  void add(const std::filesystem::path& path, const std::string& name);
  void add_content();
  void check(int result, const std::filesystem::path& path);

  std::filesystem::path source_;
  std::string name_;
  struct Close {
    void operator()(archive* writer) const;
  };
  std::string made_;  // ready to be read
  std::size_t read_ = 0;
  std::unique_ptr<archive, Close> writer_;
  std::filesystem::recursive_directory_iterator next_;
  bool started_ = false;
  bool ended_ = false;
  Descriptor file_;
  std::filesystem::path file_path_;
  std::uint64_t file_left_ = 0;
  std::uint64_t packed_ = 0;
  std::uint64_t skipped_ = 0;
};

}  // namespace berth::cli
