// SPDX-License-Identifier: Apache-2.0
#include "core/images.h"

#include <algorithm>
#include <utility>

#include "async/cancelled.h"
#include "async/time_limit.h"
#include "base/error.h"
#include "core/instance_rules.h"
#include "core/plain_text.h"

namespace berth::core {
namespace {

constexpr int most_remove_attempts = 400;
constexpr Milliseconds remove_again_after{50};

Error no_such_image(const ImageName& name) {
  return {ErrorKind::not_found, "there is no image '" + name.text().substr(0, 64) + "'"};
}

void check_image_name(const ImageName& name) {
  if (!is_name(name.text())) {
    throw Error(ErrorKind::invalid_argument,
                "an image name has lower-case letters, digits, '.', '_' and '-', at most 64 characters", "name");
  }
}

ImageName name_from_reference(const std::string& reference) {
  std::string name = reference.substr(reference.rfind('/') + 1);
  name = name.substr(0, name.find('@'));
  const std::size_t tag = name.find(':');
  if (tag != std::string::npos) {
    name = name.substr(tag + 1) == "latest" ? name.substr(0, tag) : name.replace(tag, 1, "-");
  }
  return ImageName(name);
}

void note(Transaction& transaction, const ImageName& name, EventType type, TimePoint now, std::string detail) {
  transaction.append_event(
      Event{.type = type, .at = now, .account = {}, .instance = {}, .image = name, .detail = std::move(detail)});
}

}  // namespace

Images::Images(Journal& journal, ImageLibrary& library, Pools& pools, const Clock& clock, async::TaskGroup& tasks)
    : journal_(journal),
      library_(library),
      pools_(pools),
      clock_(clock),
      tasks_(tasks),
      progressed_(tasks.executor()) {}

async::Task<std::vector<Image>> Images::list(Caller caller) {
  require(caller, Scope::images_read);
  auto images = co_await journal_.transact([](Transaction& transaction) { return transaction.list_images(); });
  std::erase_if(images, [&](const Image& image) { return !may_use(caller, image); });
  for (Image& image : images) {
    if (const auto found = preparing_.find(image.name); found != preparing_.end()) {
      image = found->second;
    }
  }
  co_return images;
}

async::Task<Image> Images::find(Caller caller, ImageName name) {
  require(caller, Scope::images_read);
  if (const auto found = preparing_.find(name); found != preparing_.end()) {
    co_return found->second;
  }
  const auto image = co_await journal_.transact([&](Transaction& transaction) { return transaction.find_image(name); });
  if (!image || !may_use(caller, *image)) {
    throw no_such_image(name);
  }
  co_return *image;
}

std::vector<Image> Images::preparing() const {
  std::vector<Image> images;
  for (const auto& [name, image] : preparing_) {
    images.push_back(image);
  }
  return images;
}

ProgressReport Images::reporter(ImageName name) {
  return [this, name = std::move(name)](double fraction, std::string step) {
    if (const auto found = preparing_.find(name); found != preparing_.end()) {
      found->second.progress = std::clamp(fraction, 0.0, 1.0);
      found->second.note = step.substr(0, 200);
      progressed_.fire();
    }
  };
}

async::Task<Image> Images::begin(ImageName name, std::string source) {
  const Image image = co_await journal_.transact([&](Transaction& transaction) {
    const auto earlier = transaction.find_image(name);
    if (earlier && earlier->state != ImageState::failed) {
      throw Error(ErrorKind::conflict,
                  "there is already an image '" + name.text() + "'; remove it or choose another name", "name");
    }
    Image fresh{.name = name,
                .source = source,
                .state = ImageState::preparing,
                .progress = 0,
                .note = "waiting",
                .reason = {},
                .size = {},
                .created_at = clock_.now()};
    transaction.put_image(fresh);
    note(transaction, name, EventType::image_preparing, fresh.created_at,
         "image " + name.text() + " is being prepared");
    return fresh;
  });
  preparing_[name] = image;
  co_return image;
}

async::Task<> Images::record_ready(ImageName name, Bytes size) {
  preparing_.erase(name);
  co_await journal_.transact([&](Transaction& transaction) {
    auto image = transaction.find_image(name);
    if (image) {
      image->state = ImageState::ready;
      image->progress = 1;
      image->note.clear();
      image->reason.reset();
      image->size = size;
      transaction.put_image(*image);
      note(transaction, name, EventType::image_ready, clock_.now(), "image " + name.text() + " is ready");
    }
  });
  pools_.resume(name);
}

async::Task<> Images::record_failed(ImageName name, std::string reason) {
  preparing_.erase(name);
  co_await journal_.transact([&](Transaction& transaction) {
    auto image = transaction.find_image(name);
    if (image) {
      image->state = ImageState::failed;
      image->note.clear();
      image->reason = reason;
      transaction.put_image(*image);
      note(transaction, name, EventType::image_failed, clock_.now(),
           "image " + name.text() + " could not be prepared: " + reason);
    }
  });
}

// Waits for the preparation and records how it went; passes its failure on.
async::Task<> Images::finish(ImageName name, async::Task<ImageStatus> work) {
  std::exception_ptr fault;
  std::string reason;
  ImageStatus status;
  try {
    status = co_await std::move(work);
  } catch (const Error& error) {
    fault = std::current_exception();
    reason = error.what();
  } catch (...) {
    fault = std::current_exception();
    reason = async::is_cancellation(fault) ? "it was interrupted" : async::describe_fault(fault);
  }
  if (!fault) {
    co_await record_ready(name, status.size);
    co_return;
  }
  co_await record_failed(name, plain_text(reason));
  std::rethrow_exception(fault);
}

async::Task<> Images::pull_in_background(ImageName name, RegistryReference reference) {
  co_await finish(name, library_.pull(std::move(reference), name, reporter(name)));
}

async::Task<Image> Images::pull(Caller caller, std::string reference, std::optional<std::string> name) {
  require(caller, Scope::images_write);
  RegistryReference checked = parse_reference(reference);
  const ImageName chosen = name ? ImageName(*name) : name_from_reference(reference);
  check_image_name(chosen);
  const Image image = co_await begin(chosen, std::move(reference));
  tasks_.spawn(pull_in_background(chosen, std::move(checked)));
  co_return image;
}

async::Task<Image> Images::import(Caller caller, ImageName name, Descriptor file, wire::ImageForm form) {
  require(caller, Scope::images_write);
  check_image_name(name);
  co_await begin(name, "import");
  co_await finish(name, library_.import(std::move(file), form, name, reporter(name)));
  co_return co_await find(std::move(caller), name);
}

async::Task<> Images::remove(Caller caller, ImageName name) {
  require(caller, Scope::images_write);
  using enum InstanceState;
  const bool known = co_await journal_.transact([&](Transaction& transaction) {
    for (const Instance& instance :
         transaction.list_instances({.account = {},
                                     .states = {queued, starting, running, asleep, stopped, failed, grace},
                                     .before = {},
                                     .limit = 0})) {
      if (instance.image == name) {
        throw Error(ErrorKind::conflict,
                    "image '" + name.text() + "' is in use by instance '" + instance.name + "'; destroy that first");
      }
    }
    return transaction.find_image(name).has_value();
  });
  if (!known) {
    throw no_such_image(name);
  }
  if (preparing_.contains(name)) {
    throw Error(ErrorKind::conflict, "image '" + name.text() + "' is being prepared; wait until it is ready");
  }
  pools_.suspend(name);
  std::exception_ptr fault;
  try {
    co_await remove_files(name);
  } catch (...) {
    fault = std::current_exception();
  }
  if (fault) {
    pools_.resume(name);
    std::rethrow_exception(fault);
  }
  co_await journal_.transact([&](Transaction& transaction) {
    transaction.remove_image(name);
    note(transaction, name, EventType::image_removed, clock_.now(), "image " + name.text() + " was removed");
  });
}

// An instance that was destroyed a moment ago keeps its files in use until its queued tear-down is done.
async::Task<> Images::remove_files(ImageName name) {
  for (int attempt = 1;; ++attempt) {
    try {
      co_return co_await library_.remove(name);
    } catch (const Error& error) {
      if (error.kind() != ErrorKind::conflict || attempt == most_remove_attempts) {
        throw;
      }
    }
    co_await async::pause_for(remove_again_after);
  }
}

async::Task<> Images::prepare_built_in(std::vector<std::string> recipes) {
  const std::vector<ImageStatus> held = co_await library_.list();
  const TimePoint now = clock_.now();
  co_await journal_.transact([&](Transaction& transaction) {
    for (Image& image : transaction.list_images()) {
      const auto found = std::ranges::find(held, image.name.text(), &ImageStatus::name);
      if (found == held.end() && image.state != ImageState::failed) {
        image.reason = image.state == ImageState::ready ? "its files are missing" : "it was interrupted";
        image.state = ImageState::failed;
        transaction.put_image(image);
      }
    }
    for (const ImageStatus& status : held) {
      auto image = transaction.find_image(ImageName(status.name));
      if (!image) {
        const bool built_in = std::ranges::find(recipes, status.name) != recipes.end();
        image = Image{.name = ImageName(status.name), .source = built_in ? "built_in" : "import", .created_at = now};
      }
      image->state = ImageState::ready;
      image->progress = 1;
      image->reason.reset();
      image->size = status.size;
      transaction.put_image(*image);
    }
  });
  std::optional<Error> passing;
  for (const std::string& recipe : recipes) {
    if (std::ranges::find(held, recipe, &ImageStatus::name) == held.end()) {
      const ImageName name(recipe);
      co_await begin(name, "built_in");
      try {
        co_await finish(name, library_.build(name, reporter(name)));
      } catch (const Error& error) {  // recorded as the image's reason; the other recipes go on
        if (error.kind() == ErrorKind::unavailable) {
          passing = error;
        }
      }
    }
  }
  if (passing) {
    throw Error(*passing);
  }
}

}  // namespace berth::core
