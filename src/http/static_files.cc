// SPDX-License-Identifier: Apache-2.0
#include "http/static_files.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdio>
#include <fstream>
#include <iterator>
#include <system_error>
#include <utility>

#include "base/bytes.h"
#include "base/error.h"
#include "http/text.h"

namespace berth::http {
namespace {

constexpr Bytes most_in_folder = 64_MiB;

constexpr std::array<std::pair<std::string_view, std::string_view>, 17> content_types = {{
    {".html", "text/html; charset=utf-8"},
    {".js", "text/javascript; charset=utf-8"},
    {".mjs", "text/javascript; charset=utf-8"},
    {".css", "text/css; charset=utf-8"},
    {".json", "application/json"},
    {".map", "application/json"},
    {".svg", "image/svg+xml"},
    {".png", "image/png"},
    {".jpg", "image/jpeg"},
    {".webp", "image/webp"},
    {".ico", "image/x-icon"},
    {".woff", "font/woff"},
    {".woff2", "font/woff2"},
    {".wasm", "application/wasm"},
    {".webmanifest", "application/manifest+json"},
    {".txt", "text/plain; charset=utf-8"},
    {".xml", "application/xml"},
}};

std::string content_type_of(const std::filesystem::path& name) {
  const auto found = std::ranges::find(content_types, name.extension().string(),
                                       &std::pair<std::string_view, std::string_view>::first);
  return std::string(found == content_types.end() ? "application/octet-stream" : found->second);
}

std::string read_file(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  std::string bytes{std::istreambuf_iterator<char>(file), {}};
  if (!file.is_open() || file.bad()) {
    throw Error(ErrorKind::unavailable, "cannot read " + path.string());
  }
  return bytes;
}

// FNV-1a, http://www.isthe.com/chongo/tech/comp/fnv/. The files are our own: nobody looks for collisions.
std::string tag_of(std::string_view bytes) {
  std::uint64_t hash = 0xcbf29ce484222325;
  for (const char byte : bytes) {
    hash = (hash ^ static_cast<unsigned char>(byte)) * 0x100000001b3;
  }
  std::array<char, 17> text{};
  std::snprintf(text.data(), text.size(), "%016llx", static_cast<unsigned long long>(hash));
  return text.data();
}

bool is_hidden(const std::filesystem::path& relative) {
  return std::ranges::any_of(relative, [](const auto& part) { return part.string().starts_with('.'); });
}

bool takes_gzip(const Exchange& exchange) {
  std::optional<std::string_view> rest;
  const auto accepted = exchange.header("Accept-Encoding");
  if (accepted) {
    rest = *accepted;
  }
  while (const auto coding = next_part(rest, ',')) {
    const auto semicolon = coding->find(';');
    if (!equal_ignoring_case(trim(coding->substr(0, semicolon)), "gzip")) {
      continue;
    }
    const std::string_view weight = semicolon == std::string_view::npos ? "" : trim(coding->substr(semicolon + 1));
    return weight.find_first_of("123456789") != std::string_view::npos || weight.empty();
  }
  return false;
}

// RFC 9110, 13.1.2: compared weakly.
bool has_tag(const Exchange& exchange, const std::string& tag) {
  const auto known = exchange.header("If-None-Match");
  std::optional<std::string_view> rest = known ? std::optional<std::string_view>(*known) : std::nullopt;
  while (const auto part = next_part(rest, ',')) {
    std::string_view candidate = trim(*part);
    if (candidate.starts_with("W/")) {
      candidate.remove_prefix(2);
    }
    if (candidate == tag || candidate == "*") {
      return true;
    }
  }
  return false;
}

}  // namespace

StaticFiles::StaticFiles(const std::filesystem::path& folder, std::string content_security_policy)
    : content_security_policy_(std::move(content_security_policy)) {
  namespace fs = std::filesystem;
  std::error_code fault;
  if (!fs::is_directory(folder, fault)) {
    return;
  }
  std::map<std::string, std::string> packed;
  std::uint64_t total = 0;
  for (auto entry = fs::recursive_directory_iterator(folder, fault); entry != fs::recursive_directory_iterator();
       entry.increment(fault)) {
    const fs::path relative = entry->path().lexically_relative(folder);
    if (entry->is_symlink() || !entry->is_regular_file() || is_hidden(relative)) {
      continue;
    }
    total += entry->file_size();
    if (total > most_in_folder.count) {
      throw Error(ErrorKind::unavailable, folder.string() + " is too large for a web page");
    }
    const std::string name = "/" + relative.generic_string();
    std::string bytes = read_file(entry->path());
    if (relative.extension() == ".gz") {
      packed[name.substr(0, name.size() - 3)] = std::move(bytes);
    } else {
      std::string tag = tag_of(bytes);
      files_[name] = {std::move(bytes), "", std::move(tag), content_type_of(relative)};
    }
  }
  if (fault) {
    throw Error(ErrorKind::unavailable, "cannot read " + folder.string() + ": " + fault.message());
  }
  for (auto& [name, bytes] : packed) {
    if (const auto found = files_.find(name); found != files_.end()) {
      found->second.gzip = std::move(bytes);
    }
  }
}

const StaticFiles::File* StaticFiles::find(const std::string& path, std::string& name) const {
  name = path;
  auto found = files_.find(name);
  const bool is_route = path.find('.', path.rfind('/')) == std::string::npos && !path.starts_with("/assets/");
  if (found == files_.end() && is_route) {
    name = "/index.html";
    found = files_.find(name);
  }
  return found == files_.end() ? nullptr : &found->second;
}

async::Task<> StaticFiles::answer(Exchange& exchange) const {
  std::string name;
  const File* file = find(exchange.path(), name);
  if (!file) {
    throw Error(ErrorKind::not_found, "nothing is served at this address");
  }
  const bool packed = !file->gzip.empty() && takes_gzip(exchange);
  const std::string tag = "\"" + file->tag + (packed ? "-gzip\"" : "\"");
  Response response{.content_type = file->content_type};
  response.headers = {
      {"ETag", tag},
      {"Cache-Control", name.starts_with("/assets/") ? "public, max-age=31536000, immutable" : "no-cache"},
      {"Content-Security-Policy", content_security_policy_},
  };
  if (!file->gzip.empty()) {
    response.headers.emplace_back("Vary", "Accept-Encoding");
  }
  if (has_tag(exchange, tag)) {
    response.status = 304;
  } else {
    response.body = packed ? file->gzip : file->bytes;
    if (packed) {
      response.headers.emplace_back("Content-Encoding", "gzip");
    }
  }
  co_await exchange.respond(std::move(response));
}

}  // namespace berth::http
