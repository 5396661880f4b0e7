// SPDX-License-Identifier: Apache-2.0
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <thread>

#include "base/descriptor.h"
#include "base/error.h"
#include "cli/commands.h"
#include "cli/image_reference.h"
#include "cli/progress.h"
#include "cli/table.h"
#include "cli/text.h"

namespace berth::cli {
namespace {

struct PullOptions {
  std::string reference;
  std::string name;
  bool no_wait = false;
};

struct ImportOptions {
  std::string file;
  std::string name;
  std::string form = "tar";
};

struct OneImage {
  std::string image;
};

struct ManyImages {
  std::vector<std::string> images;
};

double part_of(const boost::json::value& image) {
  const auto* part = image.is_object() ? image.get_object().if_contains("progress") : nullptr;
  return part != nullptr && part->is_number() ? part->to_number<double>() : 0;
}

std::string size_of(const boost::json::value& image) {
  const auto size = number_of(image, "size").value_or(0);
  return size > 0 ? rough_size(static_cast<std::uint64_t>(size)) : "";
}

std::string state_of(const boost::json::value& image) {
  const std::string state = text_of(image, "state");
  return state == "preparing" ? state + " " + std::to_string(static_cast<int>(part_of(image) * 100)) + " %" : state;
}

int list(Invocation& run, const NoOptions&) {
  const auto images = run.api().get("/images");
  if (run.json) {
    run.print_json(images);
    return 0;
  }
  Table table({"NAME", "STATE", "SIZE", "SOURCE", "CREATED", "DESCRIPTION"});
  table.align_right({2});
  for (const auto& image : items_of(images)) {
    const std::string created = text_of(image, "created_at");
    table.add({text_of(image, "name"), state_of(image), size_of(image), text_of(image, "source"),
               created.empty() ? "" : relative_time(parse_time(created), run.now()),
               text_of(image, text_of(image, "state") == "failed" ? "reason" : "description")});
  }
  run.print(table.text());
  return 0;
}

int show(Invocation& run, const OneImage& options) {
  const auto image = run.api().get(path_of("/images", options.image));
  if (run.json) {
    run.print_json(image);
    return 0;
  }
  run.print(field_lines({{"Name", text_of(image, "name")},
                         {"Description", text_of(image, "description")},
                         {"Source", text_of(image, "source")},
                         {"State", state_of(image)},
                         {"Doing", text_of(image, "note")},
                         {"Reason", text_of(image, "reason")},
                         {"Size", size_of(image)},
                         {"Created", text_of(image, "created_at")}}));
  return 0;
}

int finish(Invocation& run, const boost::json::value& image) {
  const std::string name = text_of(image, "name");
  if (run.json) {
    run.print_json(image);
  }
  if (text_of(image, "state") == "failed") {
    throw Error(ErrorKind::unavailable, "image " + name + " failed: " + text_of(image, "reason"));
  }
  if (!run.json) {
    run.print(printable(name) + "\n");
    run.note(printable(name) + " is " + state_of(image) + (size_of(image).empty() ? "" : ", " + size_of(image)));
  }
  return 0;
}

int pull(Invocation& run, const PullOptions& options) {
  boost::json::object body{{"reference", full_reference(options.reference)}};
  if (!options.name.empty()) {
    body["name"] = options.name;
  }
  auto image = run.api().call("POST", "/images", std::move(body));
  const std::string path = path_of("/images", text_of(image, "name"));
  Progress progress(run.around.errors);
  while (!options.no_wait && text_of(image, "state") == "preparing") {
    const std::string note = text_of(image, "note");
    progress.part(note.empty() ? "preparing" : note, part_of(image));
    std::this_thread::sleep_for(Milliseconds{400});
    image = run.api().get(path);
  }
  progress.clear();
  return finish(run, image);
}

int import_image(Invocation& run, const ImportOptions& options) {
  const bool from_input = options.file == "-";
  Descriptor file;
  std::optional<std::uint64_t> total;
  if (!from_input) {
    file = Descriptor(::open(options.file.c_str(), O_RDONLY | O_CLOEXEC));
    struct stat status{};
    if (!file || ::fstat(file.get(), &status) != 0) {
      throw Error(ErrorKind::not_found, "cannot read " + printable(options.file) + ": " + std::strerror(errno));
    }
    if (S_ISREG(status.st_mode)) {
      total = static_cast<std::uint64_t>(status.st_size);
    }
  }
  Progress progress(run.around.errors);
  std::uint64_t sent = 0;
  const int descriptor = from_input ? run.around.input : file.get();
  const BodySource source = [&](char* into, std::size_t size) -> std::size_t {
    // Never more than was announced, should the file grow meanwhile.
    const ssize_t count = ::read(descriptor, into, total ? std::min<std::uint64_t>(size, *total - sent) : size);
    if (count < 0 || (count == 0 && total && sent < *total)) {
      throw Error(ErrorKind::unavailable, printable(options.file) + " cannot be read, or became shorter");
    }
    sent += static_cast<std::uint64_t>(count);
    if (count == 0 || (total && sent == *total)) {
      progress.clear();
      progress.words("unpacking ...");
    } else {
      progress.bytes("importing", sent, total);
    }
    return static_cast<std::size_t>(count);
  };
  CallOptions call;
  call.query = {{"form", options.form}};
  call.limit = Seconds{3600};  // the server unpacks before it answers
  const auto image =
      run.api().upload(path_of("/images", options.name), "application/octet-stream", source, total, call);
  progress.clear();
  return finish(run, image);
}

int remove(Invocation& run, const ManyImages& options) {
  int code = 0;
  for (const auto& image : options.images) {
    try {
      run.api().call("DELETE", path_of("/images", image));
      if (!run.json) {
        run.print(printable(image) + " removed\n");
      }
    } catch (const Error& error) {
      run.note(printable(image) + ": " + printable(error.what()));
      code = 1;
    }
  }
  return code;
}

}  // namespace

void add_image_commands(CLI::App& app, Invocation& run) {
  auto* group = app.add_subcommand("image", "Root file systems to start from")->require_subcommand(1);
  add_command<NoOptions>(*group, run, "ls", "List images", list);

  auto [show_command, show_options] = add_command<OneImage>(*group, run, "show", "Show one image", show);
  show_command->add_option("image", show_options->image, "Its name")->type_name("IMAGE")->required();

  auto [pull_command, pull_options] =
      add_command<PullOptions>(*group, run, "pull", "Pull an image from a registry", pull);
  pull_command->add_option("reference", pull_options->reference, "alpine:3, or docker://registry.example.org/tool:1")
      ->type_name("REFERENCE")
      ->required();
  pull_command->add_option("--name", pull_options->name, "What to call it (left out: the last part)")
      ->type_name("NAME");
  pull_command->add_flag("--no-wait", pull_options->no_wait, "Return at once");

  auto [import_command, import_options] =
      add_command<ImportOptions>(*group, run, "import", "Import an image from an archive", import_image);
  import_command->add_option("file", import_options->file, "A tar, possibly compressed; - is standard input")
      ->type_name("FILE")
      ->required();
  import_command->add_option("--name", import_options->name, "What to call it")->type_name("NAME")->required();
  import_command->add_option("--form", import_options->form, "tar (a root file system) or oci (an OCI layout)")
      ->check(CLI::IsMember({"tar", "oci"}));

  auto [remove_command, remove_options] = add_command<ManyImages>(*group, run, "rm", "Remove images", remove);
  remove_command->add_option("images", remove_options->images, "Their names")->type_name("IMAGE")->required();
}

}  // namespace berth::cli
