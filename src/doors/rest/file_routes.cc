// SPDX-License-Identifier: Apache-2.0
#include "doors/rest/pipe_reader.h"
#include "doors/rest/request.h"
#include "doors/rest/rest_door.h"
#include "doors/rest/zstd_stream.h"

namespace berth::doors::rest {
namespace {

InstanceId instance_of(http::Exchange& exchange) { return InstanceId(path_parameter(exchange, "instance")); }

std::string path_of(const http::Exchange& exchange) {
  const auto path = exchange.query("path");
  if (!path || !path->starts_with('/') || path->size() > 4096) {
    described::refuse("path", "must be an absolute path inside the instance, at most 4096 characters");
  }
  return *path;
}

// A file name for the browser's download: what could end the header's quotes is left out.
std::string attachment(const std::string& name) {
  std::string safe;
  for (const char character : name) {
    if (character > 0x1f && character < 0x7f && character != '"' && character != '\\') {
      safe += character;
    }
  }
  return "attachment; filename=\"" + (safe.empty() ? "download" : safe) + "\"";
}

std::string last_part(const std::string& path) {
  const std::size_t end = path.find_last_not_of('/');
  const std::string trimmed = path.substr(0, end + 1);
  return trimmed.substr(trimmed.rfind('/') + 1);
}

// Begins the answer with the first piece, so that a failure before it still has a status.
class Download {
 public:
  Download(http::Exchange& exchange, http::Response head) : exchange_(exchange), head_(std::move(head)) {}
  async::Task<> take(std::string piece) {
    co_await begin();
    co_await exchange_.write(std::move(piece));
  }
  async::Task<> finish() {
    co_await begin();
    co_await exchange_.finish();
  }

 private:
  async::Task<> begin() {
    if (!exchange_.responded()) {
      co_await exchange_.start(head_);
    }
  }

  http::Exchange& exchange_;
  http::Response head_;
};

}  // namespace

async::Task<> RestDoor::read_files(http::Exchange& exchange, core::Caller caller) {
  const std::string path = path_of(exchange);
  const auto form = query_enum<core::FileForm>(exchange, "form", core::FileForm::tar);
  const bool tar = form == core::FileForm::tar;
  const std::string name = last_part(path).empty() ? "root" : last_part(path);
  Download download(exchange, {.status = 200,
                               .content_type = tar ? "application/x-tar" : "application/octet-stream",
                               .body = {},
                               .headers = {{"Content-Disposition", attachment(tar ? name + ".tar" : name)}}});
  co_await services_.sessions.read_files(std::move(caller), instance_of(exchange), path, form,
                                         [&](std::string piece) { return download.take(std::move(piece)); });
  co_await download.finish();
}

async::Task<> RestDoor::write_files(http::Exchange& exchange, core::Caller caller) {
  const std::string path = path_of(exchange);
  const auto form = query_enum<core::FileForm>(exchange, "form", core::FileForm::tar);
  co_await services_.sessions.write_files(std::move(caller), instance_of(exchange), path, form,
                                          [&] { return exchange.read_some(); });
  co_await exchange.respond(no_content());
}

async::Task<> RestDoor::export_instance(http::Exchange& exchange, core::Caller caller) {
  const InstanceId id = instance_of(exchange);
  PipeReader pipe(co_await services_.instances.export_disk(std::move(caller), id));
  Download download(exchange, {.status = 200,
                               .content_type = "application/zstd",
                               .body = {},
                               .headers = {{"Content-Disposition", attachment(id.text() + ".tar.zst")}}});
  ZstdStream compressed;
  while (const auto piece = co_await pipe.read()) {
    std::string bytes = compressed.add(*piece);
    if (!bytes.empty()) {
      co_await download.take(std::move(bytes));
    }
  }
  co_await download.take(compressed.finish());
  co_await download.finish();
}

}  // namespace berth::doors::rest
