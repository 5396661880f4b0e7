// SPDX-License-Identifier: Apache-2.0
#include "agent/sftp_handles.h"

#include <string>
#include <utility>

#include "agent/sftp_wire.h"
#include "base/error.h"

namespace berth::agent {

void SftpHandles::require_room() const {
  if (open_.size() >= most) {
    throw Error(ErrorKind::exhausted, std::to_string(most) + " files and folders are open, close some first");
  }
}

std::uint32_t SftpHandles::add(Handle handle) {
  while (open_.contains(next_)) {
    ++next_;
  }
  open_.emplace(next_, std::move(handle));
  return next_++;
}

std::uint32_t SftpHandles::add(Descriptor file) { return add(Handle{.file = std::move(file), .folder = {}}); }

std::uint32_t SftpHandles::add(OpenFolder folder) { return add(Handle{.file = {}, .folder = std::move(folder)}); }

std::map<std::uint32_t, SftpHandles::Handle>::const_iterator SftpHandles::find(std::string_view handle) const {
  const auto found = handle.size() == sizeof(std::uint32_t) ? open_.find(SftpFields(handle).number()) : open_.end();
  if (found == open_.end()) {
    throw Error(ErrorKind::conflict, "nothing is open under this handle");
  }
  return found;
}

int SftpHandles::file(std::string_view handle) const {
  const auto found = find(handle);
  if (!found->second.file) {
    throw Error(ErrorKind::conflict, "the handle is one of a folder");
  }
  return found->second.file.get();
}

DIR* SftpHandles::folder(std::string_view handle) const {
  const auto found = find(handle);
  if (!found->second.folder) {
    throw Error(ErrorKind::conflict, "the handle is one of a file");
  }
  return found->second.folder.get();
}

int SftpHandles::descriptor(std::string_view handle) const {
  const auto found = find(handle);
  return found->second.folder ? ::dirfd(found->second.folder.get()) : found->second.file.get();
}

void SftpHandles::close(std::string_view handle) { open_.erase(find(handle)); }

}  // namespace berth::agent
