// SPDX-License-Identifier: Apache-2.0
#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "doors/rest/request.h"
#include "doors/rest/rest_door.h"

namespace berth::doors::rest {
namespace {

[[noreturn]] void fail_upload() {
  throw Error(ErrorKind::unavailable, errno == ENOSPC
                                          ? "the host's disk is full; the upload was not kept"
                                          : std::string("the upload could not be kept: ") + std::strerror(errno));
}

// A file without a name: it goes away with its last descriptor, whatever happens.
Descriptor nameless_file(const std::string& folder) {
  Descriptor file(::open(folder.c_str(), O_TMPFILE | O_RDWR | O_CLOEXEC, 0600));
  if (!file) {
    fail_upload();
  }
  return file;
}

void write_all(const Descriptor& file, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t written = ::write(file.get(), bytes.data(), bytes.size());
    if (written < 0) {
      if (errno == EINTR) {
        continue;
      }
      fail_upload();
    }
    bytes.remove_prefix(static_cast<std::size_t>(written));
  }
}

}  // namespace

async::Task<> RestDoor::list_plans(http::Exchange& exchange, core::Caller caller) {
  ListForm<PlanForm> list;
  for (const core::Plan& plan : services_.instances.plans(caller)) {
    list.items.push_back(form_of(plan));
  }
  co_await exchange.respond(json_response(list));
}

async::Task<> RestDoor::list_images(http::Exchange& exchange, core::Caller caller) {
  ListForm<ImageForm> list;
  for (const core::Image& image : co_await services_.images.list(std::move(caller))) {
    list.items.push_back(form_of(image));
  }
  co_await exchange.respond(json_response(list));
}

async::Task<> RestDoor::get_image(http::Exchange& exchange, core::Caller caller) {
  const core::Image image =
      co_await services_.images.find(std::move(caller), ImageName(path_parameter(exchange, "image")));
  co_await exchange.respond(json_response(form_of(image)));
}

async::Task<> RestDoor::pull_image(http::Exchange& exchange, core::Caller caller) {
  const auto form = co_await read_form<PullImageRequest>(exchange);
  const core::Image image = co_await services_.images.pull(std::move(caller), form.reference, form.name);
  co_await exchange.respond(json_response(form_of(image), 202));
}

async::Task<> RestDoor::import_image(http::Exchange& exchange, core::Caller caller) {
  core::require(caller, core::Scope::images_write);  // before the upload, not after it
  const auto form = query_enum<wire::ImageForm>(exchange, "form", wire::ImageForm::tar);
  Descriptor file = nameless_file(settings_.upload_folder);
  std::uint64_t received = 0;
  while (const auto piece = co_await exchange.read_some()) {
    received += piece->size();
    if (received > settings_.largest_upload.count) {
      throw Error(ErrorKind::too_large, "an image archive is at most " + format_bytes(settings_.largest_upload));
    }
    write_all(file, *piece);
  }
  ::lseek(file.get(), 0, SEEK_SET);
  const core::Image image = co_await services_.images.import(
      std::move(caller), ImageName(path_parameter(exchange, "image")), std::move(file), form);
  co_await exchange.respond(json_response(form_of(image), 201));
}

async::Task<> RestDoor::remove_image(http::Exchange& exchange, core::Caller caller) {
  co_await services_.images.remove(std::move(caller), ImageName(path_parameter(exchange, "image")));
  co_await exchange.respond(no_content());
}

}  // namespace berth::doors::rest
