// SPDX-License-Identifier: Apache-2.0
#include "warden/layer_attributes.h"

#include <endian.h>
#include <linux/capability.h>
#include <linux/posix_acl.h>
#include <linux/posix_acl_xattr.h>
#include <sys/xattr.h>

#include <cstring>

#include "warden/system_error.h"

namespace berth::warden {
namespace {

constexpr std::size_t largest_attribute = 64 * 1024;  // and of all names together: the kernel's limits

template <class Plain>
Plain plain_at(const std::string& bytes, std::size_t at) {
  Plain plain;
  std::memcpy(&plain, bytes.data() + at, sizeof plain);
  return plain;
}

// The value an image keeps; none: it does not keep this attribute.
std::optional<std::string> kept_value(const std::string& name, const std::string& value, UidRange owner) {
  if (name == "trusted.overlay.opaque" || name == "trusted.overlay.redirect") {
    return value;
  }
  if (name == "security.capability") {
    return plain_capability(value, owner);
  }
  if (name == "system.posix_acl_access" || name == "system.posix_acl_default") {
    return plain_access_list(value, owner);
  }
  if (name.starts_with("user.") && !name.starts_with("user.overlay.")) {
    return value;
  }
  return std::nullopt;
}

}  // namespace

std::optional<std::string> plain_capability(const std::string& value, UidRange owner) {
  if (value.size() == sizeof(vfs_ns_cap_data)) {
    auto data = plain_at<vfs_ns_cap_data>(value, 0);
    const std::uint32_t magic = le32toh(data.magic_etc);
    if ((magic & VFS_CAP_REVISION_MASK) != VFS_CAP_REVISION_3 || le32toh(data.rootid) != owner.first) {
      return std::nullopt;
    }
    data.magic_etc = htole32(VFS_CAP_REVISION_2 | (magic & VFS_CAP_FLAGS_MASK));
    return std::string(reinterpret_cast<const char*>(&data), sizeof(vfs_cap_data));
  }
  return std::nullopt;
}

std::optional<std::string> plain_access_list(std::string value, UidRange owner) {
  constexpr std::size_t head = sizeof(posix_acl_xattr_header);
  constexpr std::size_t row = sizeof(posix_acl_xattr_entry);
  if (value.size() < head || (value.size() - head) % row != 0) {
    return std::nullopt;
  }
  for (std::size_t at = head; at < value.size(); at += row) {
    auto entry = plain_at<posix_acl_xattr_entry>(value, at);
    const auto tag = le16toh(entry.e_tag);
    if (tag == ACL_USER || tag == ACL_GROUP) {
      entry.e_id = htole32(owner.inside(le32toh(entry.e_id)));
      std::memcpy(value.data() + at, &entry, row);
    }
  }
  return value;
}

void copy_attributes(const path& from, const path& to, UidRange owner) {
  std::string names(largest_attribute, '\0');
  const ssize_t size = ::llistxattr(from.c_str(), names.data(), names.size());
  if (size < 0 && errno == EOPNOTSUPP) {
    return;
  }
  check(size, "read the attributes of a file");
  std::string value;
  for (std::size_t at = 0; at < static_cast<std::size_t>(size);) {
    const std::string name = names.c_str() + at;
    at += name.size() + 1;
    value.resize(largest_attribute);
    const ssize_t length = ::lgetxattr(from.c_str(), name.c_str(), value.data(), value.size());
    if (length < 0) {
      continue;  // not for us to read
    }
    value.resize(static_cast<std::size_t>(length));
    if (const auto kept = kept_value(name, value, owner)) {
      check(::lsetxattr(to.c_str(), name.c_str(), kept->data(), kept->size(), 0), "keep an attribute of a file");
    }
  }
}

}  // namespace berth::warden
