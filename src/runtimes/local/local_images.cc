// SPDX-License-Identifier: Apache-2.0
#include "runtimes/local/local_images.h"

#include <sys/stat.h>

#include <atomic>
#include <memory>
#include <utility>

#include "async/race.h"
#include "async/trigger.h"
#include "runtimes/local/layout_archive.h"
#include "runtimes/local/scratch_folder.h"
#include "runtimes/local/skopeo.h"

namespace berth::runtimes::local {
namespace {

using wire::ImageForm;
using wire::Operation;
using wire::Request;

// The first and the second half of a progress.
core::ProgressReport half(core::ProgressReport report, double from) {
  return [report = std::move(report), from](double fraction, std::string note) {
    report(from + fraction / 2, std::move(note));
  };
}

// What is unpacked on the pool: it goes when both the task that asked and the work are done, so it is shared.
struct Unpacking {
  explicit Unpacking(const std::filesystem::path& parent) : scratch(parent) {}
  ScratchFolder scratch;
  Descriptor archive;
  std::atomic<bool> stop = false;
};

// Waits to be cancelled, and then tells the work, which cannot be cancelled itself, to end.
async::Task<> stop_when_cancelled(std::shared_ptr<Unpacking> unpacking) {
  struct Stop {
    Unpacking& unpacking;
    ~Stop() { unpacking.stop = true; }
  } const stop{*unpacking};
  co_await async::Trigger(co_await boost::asio::this_coro::executor).wait();
}

async::Task<> unpack(async::BlockingPool& pool, std::shared_ptr<Unpacking> unpacking, Bytes most) {
  co_await pool.run<bool>([unpacking, most] {
    const auto folder = unpacking->scratch.path() / layout_name;
    std::filesystem::create_directory(folder);
    unpack_layout(unpacking->archive, folder, most, unpacking->stop);
    return true;
  });
}

}  // namespace

LocalImages::LocalImages(WardenClient& warden) : warden_(warden) {
  ScratchFolder::remove_leftovers(warden_.settings().image_folder);
}

async::Task<std::vector<core::ImageStatus>> LocalImages::list() {
  co_return read_result<std::vector<core::ImageStatus>>(
      co_await warden_.call(Request{.operation = Operation::list_images}));
}

async::Task<core::ImageStatus> LocalImages::build(ImageName name, core::ProgressReport report) {
  co_return read_result<core::ImageStatus>(co_await warden_.call_long(
      Request{.operation = Operation::build_image, .name = name.text()}, {}, std::move(report)));
}

async::Task<core::ImageStatus> LocalImages::hand_over(Descriptor source, ImageForm form, ImageName name,
                                                      core::ProgressReport report) {
  co_return read_result<core::ImageStatus>(
      co_await warden_.call_long(Request{.operation = Operation::import_image, .name = name.text(), .form = form},
                                 std::move(source), std::move(report)));
}

async::Task<core::ImageStatus> LocalImages::pull(core::RegistryReference reference, ImageName name,
                                                 core::ProgressReport report) {
  const ScratchFolder scratch(warden_.settings().image_folder);
  co_await download(warden_.settings(), std::move(reference), scratch, half(report, 0));
  co_return co_await hand_over(scratch.open(layout_name), ImageForm::oci, std::move(name), half(report, 0.5));
}

async::Task<core::ImageStatus> LocalImages::import(Descriptor file, ImageForm form, ImageName name,
                                                   core::ProgressReport report) {
  struct stat status{};
  if (fstat(file.get(), &status) != 0 || !S_ISREG(status.st_mode)) {
    throw Error(ErrorKind::invalid_argument, "an image is imported from a regular file");
  }
  if (form == ImageForm::tar) {
    lseek(file.get(), 0, SEEK_SET);
    co_return co_await hand_over(std::move(file), form, std::move(name), std::move(report));
  }
  const auto unpacking = std::make_shared<Unpacking>(warden_.settings().image_folder);
  unpacking->archive = std::move(file);
  report(0, "unpacking");
  co_await async::race(unpack(pool_, unpacking, warden_.settings().largest_image), stop_when_cancelled(unpacking));
  co_return co_await hand_over(unpacking->scratch.open(layout_name), form, std::move(name), half(report, 0.5));
}

async::Task<core::ImageStatus> LocalImages::commit(InstanceId id, ImageName name) {
  co_return read_result<core::ImageStatus>(
      co_await warden_.call_long(Request{.operation = Operation::commit_image, .id = id.text(), .name = name.text()},
                                 {}, [](double, const std::string&) {}));
}

async::Task<> LocalImages::remove(ImageName name) {
  co_await warden_.call(Request{.operation = Operation::remove_image, .name = name.text()});
}

}  // namespace berth::runtimes::local
