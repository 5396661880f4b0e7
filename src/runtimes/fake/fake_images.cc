// SPDX-License-Identifier: Apache-2.0
#include "runtimes/fake/fake_images.h"

#include <sys/stat.h>

#include <algorithm>
namespace berth::runtimes::fake {
namespace {

constexpr std::size_t largest_import = 64 << 20;

std::string read_whole(const Descriptor& file) {
  struct stat status{};
  if (fstat(file.get(), &status) != 0 || !S_ISREG(status.st_mode)) {
    throw Error(ErrorKind::invalid_argument, "an image is imported from a regular file");
  }
  if (static_cast<std::size_t>(status.st_size) > largest_import) {
    throw Error(ErrorKind::too_large, "the image is too large");
  }
  std::string bytes(static_cast<std::size_t>(status.st_size), '\0');
  if (pread(file.get(), bytes.data(), bytes.size(), 0) != static_cast<ssize_t>(bytes.size())) {
    throw Error(ErrorKind::unavailable, "the image could not be read");
  }
  return bytes;
}

}  // namespace

FakeImages::FakeImages(async::Executor executor) : faults_(executor) { add({.name = "busybox", .size = 1_MiB}); }

void FakeImages::add(core::ImageStatus image) {
  std::string name = image.name;
  images_[std::move(name)] = std::move(image);
}

const core::ImageStatus* FakeImages::find(const std::string& name) const {
  const auto found = images_.find(name);
  return found == images_.end() ? nullptr : &found->second;
}

void FakeImages::let_go(const std::string& name) {
  const auto found = in_use_.find(name);
  if (found != in_use_.end()) {
    in_use_.erase(found);
  }
}

async::Task<std::vector<core::ImageStatus>> FakeImages::list() {
  co_await faults_.pass(wire::Operation::list_images);
  std::vector<core::ImageStatus> all;
  for (const auto& [name, image] : images_) {
    all.push_back(image);
  }
  co_return all;
}

async::Task<core::ImageStatus> FakeImages::make(wire::Operation operation, ImageName name, Bytes size,
                                                core::ProgressReport report) {
  report(0.5, "unpacking");
  co_await faults_.pass(operation);
  add({.name = name.text(), .size = size});
  report(1, "done");
  co_return images_.at(name.text());
}

async::Task<core::ImageStatus> FakeImages::build(ImageName name, core::ProgressReport report) {
  const auto known = recipes();
  if (std::ranges::find(known, name.text()) == known.end()) {
    throw Error(ErrorKind::not_found, "there is no recipe '" + name.text() + "'");
  }
  co_return co_await make(wire::Operation::build_image, std::move(name), 1_MiB, std::move(report));
}

async::Task<core::ImageStatus> FakeImages::pull(core::RegistryReference reference, ImageName name,
                                                core::ProgressReport report) {
  if (!published_.contains(reference.text)) {
    throw Error(ErrorKind::not_found, "the registry says: manifest unknown");
  }
  co_return co_await make(wire::Operation::import_image, std::move(name), 1_MiB, std::move(report));
}

async::Task<core::ImageStatus> FakeImages::import(Descriptor file, wire::ImageForm /*form*/, ImageName name,
                                                  core::ProgressReport report) {
  const std::string bytes = read_whole(file);
  FakeDisk disk = fresh_disk();
  unpack(disk, "/", bytes);
  co_return co_await make(wire::Operation::import_image, std::move(name), Bytes{bytes.size()}, std::move(report));
}

void FakeImages::refuse_in_use(const std::string& name) const {
  const auto lies_over = [&](const auto& row) { return row.second.base == name; };
  if (in_use_.contains(name) || std::ranges::any_of(images_, lies_over)) {
    throw Error(ErrorKind::conflict, "the image is in use");
  }
}

async::Task<core::ImageStatus> FakeImages::commit(InstanceId id, ImageName name) {
  co_await faults_.pass(wire::Operation::commit_image);
  if (!stopped_) {
    throw Error(ErrorKind::not_found, "there is no instance '" + id.text() + "'");
  }
  Stopped found = stopped_(id);
  refuse_in_use(name.text());
  core::ImageStatus image = images_.at(found.image);
  std::size_t layers = 1;
  for (std::optional<std::string> below = image.base; below; below = images_.at(*below).base) {
    ++layers;
  }
  if (layers > wire::most_layers) {
    throw Error(ErrorKind::conflict, "the image has as many layers as an image may have");
  }
  image.name = name.text();
  image.base = found.image;
  image.size = 64_KiB;
  add(image);
  disks_[name.text()] = std::move(found.disk);
  co_return image;
}

FakeDisk FakeImages::disk_of(const std::string& name) const {
  const auto committed = disks_.find(name);
  return committed == disks_.end() ? fresh_disk() : committed->second;
}

async::Task<> FakeImages::remove(ImageName name) {
  co_await faults_.pass(wire::Operation::remove_image);
  refuse_in_use(name.text());
  images_.erase(name.text());
  disks_.erase(name.text());
}

}  // namespace berth::runtimes::fake
