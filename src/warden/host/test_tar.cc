// SPDX-License-Identifier: Apache-2.0
#include "warden/host/test_tar.h"

#include <fcntl.h>
#include <unistd.h>

#include <cstdio>
#include <cstring>

#include "warden/files.h"
#include "warden/system_error.h"

namespace berth::warden {
namespace {

void put(std::string& header, std::size_t at, const std::string& text) { header.replace(at, text.size(), text); }

std::string octal(unsigned long value, int digits) {
  char text[32];
  std::snprintf(text, sizeof text, "%0*lo", digits, value);
  return text;
}

}  // namespace

std::string make_tar(const std::vector<TarMember>& members) {
  std::string tar;
  for (const TarMember& member : members) {
    std::string header(512, '\0');
    put(header, 0, member.name);
    put(header, 100, octal(member.mode, 7));
    put(header, 108, octal(member.owner, 7));
    put(header, 116, octal(member.owner, 7));
    put(header, 124, octal(member.content.size(), 11));
    put(header, 136, octal(0, 11));
    put(header, 148, "        ");
    header[156] = member.type;
    put(header, 157, member.target);
    put(header, 257,
        std::string("ustar\0"
                    "00",
                    8));
    put(header, 329, octal(8, 7));
    unsigned long sum = 0;
    for (const char byte : header) {
      sum += static_cast<unsigned char>(byte);
    }
    put(header, 148, octal(sum, 6) + std::string(1, '\0'));
    tar += header + member.content + std::string((512 - member.content.size() % 512) % 512, '\0');
  }
  return tar + std::string(1024, '\0');
}

Descriptor file_with(const std::string& content) {
  Descriptor file(check(::open("/tmp", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600), "make a file"));
  write_all(file.get(), content);
  ::lseek(file.get(), 0, SEEK_SET);
  return file;
}

}  // namespace berth::warden
