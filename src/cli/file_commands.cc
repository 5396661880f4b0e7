// SPDX-License-Identifier: Apache-2.0
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>

#include "base/descriptor.h"
#include "base/error.h"
#include "cli/commands.h"
#include "cli/file_place.h"
#include "cli/progress.h"
#include "cli/resolve.h"
#include "cli/save.h"
#include "cli/tar_packer.h"
#include "cli/tar_unpacker.h"
#include "cli/text.h"

namespace berth::cli {
namespace {

namespace fs = std::filesystem;

constexpr Milliseconds long_answer = Seconds{600};  // the instance may still be writing what we have sent

struct CopyOptions {
  std::string source;
  std::string target;
};

struct ExportOptions {
  std::string instance;
  std::string file;
};

CallOptions files_call(const std::string& path, const std::string& form) {
  CallOptions call;
  call.query = {{"path", path}, {"form", form}};
  call.limit = long_answer;
  return call;
}

std::string files_of(const std::string& instance) { return path_of("/instances", instance, "/files"); }

// What is at a path inside: the type of the first entry of its tar.
PathKind kind_inside(Invocation& run, const std::string& instance, const std::string& path) {
  try {
    run.api().open(files_of(instance), "application/x-tar", files_call(path, "tar"));
  } catch (const Error& error) {
    if (error.kind() == ErrorKind::not_found) {
      return PathKind::absent;
    }
    throw;
  }
  const PathKind kind =
      first_tar_entry([&run](char* into, std::size_t size) { return run.api().read_some(into, size); });
  run.api().close();  // the rest is not wanted
  return kind;
}

int read_to_output(Invocation& run, const Place& source) {
  run.api().open(files_of(source.instance), "application/octet-stream", files_call(source.path, "raw"));
  std::string piece(64 * 1024, '\0');
  while (const std::size_t count = run.api().read_some(piece.data(), piece.size())) {
    if (!write_all(run.around.output, std::string_view(piece).substr(0, count))) {
      return 1;
    }
  }
  return 0;
}

std::size_t read_descriptor(int descriptor, char* into, std::size_t size) {
  while (true) {
    const ssize_t count = ::read(descriptor, into, size);
    if (count >= 0) {
      return static_cast<std::size_t>(count);
    }
    if (errno != EINTR) {
      throw Error(ErrorKind::unavailable, std::string("cannot read the input: ") + std::strerror(errno));
    }
  }
}

int write_from_input(Invocation& run, const Place& target) {
  Progress progress(run.input_is_terminal() ? -1 : run.around.errors);
  std::uint64_t sent = 0;
  const BodySource source = [&](char* into, std::size_t size) {
    const std::size_t count = read_descriptor(run.around.input, into, size);
    progress.bytes("copying", sent += count, std::nullopt);
    return count;
  };
  run.api().upload(files_of(target.instance), "application/octet-stream", source, std::nullopt,
                   files_call(target.path, "raw"));
  return 0;
}

void tell_skipped(Invocation& run, std::uint64_t skipped) {
  if (skipped > 0) {
    run.note("left out " + counted(skipped, "special file") + " (devices, pipes or sockets)");
  }
}

int upload(Invocation& run, const std::string& local, const Place& target) {
  const fs::path source(local);
  std::error_code fault;
  const auto status = fs::status(source, fault);
  if (!fs::exists(status)) {
    throw Error(ErrorKind::not_found, "there is no file " + printable(local) + " here");
  }
  const bool is_folder = fs::is_directory(status);
  const PathKind there = kind_inside(run, target.instance, target.path);
  const Landing landing = landing_of({.kind = is_folder ? PathKind::folder : PathKind::file,
                                      .name = base_name(fs::absolute(source).lexically_normal().string())},
                                     {.path = target.path, .kind = there, .slash = target.slash});
  Progress progress(run.around.errors);
  const std::uint64_t total = content_size(source);
  TarPacker packer(source, landing.name);
  const BodySource body = [&](char* into, std::size_t size) {
    progress.bytes("copying", packer.packed(), total);
    return packer.read(into, size);
  };
  run.api().upload(files_of(target.instance), "application/x-tar", body, std::nullopt,
                   files_call(landing.folder, "tar"));
  progress.clear();
  tell_skipped(run, packer.skipped());
  return 0;
}

PathKind kind_here(const fs::path& path) {
  std::error_code fault;
  const auto status = fs::status(path, fault);
  return fs::is_directory(status) ? PathKind::folder : fs::exists(status) ? PathKind::file : PathKind::absent;
}

int download(Invocation& run, const Place& source, const std::string& local) {
  run.api().open(files_of(source.instance), "application/x-tar", files_call(source.path, "tar"));
  Progress progress(run.around.errors);
  std::uint64_t received = 0;
  TarStart start([&](char* into, std::size_t size) {
    const std::size_t count = run.api().read_some(into, size, long_answer);
    progress.bytes("copying", received += count, std::nullopt);
    return count;
  });
  const std::string name = base_name(source.path);
  const Landing landing =
      landing_of({.kind = start.kind(), .name = name}, {.path = fs::absolute(local).lexically_normal().string(),
                                                        .kind = kind_here(local),
                                                        .slash = local.ends_with('/')});
  if (name.empty()) {  // all of its file system: names at the top are whatever is there
    std::error_code fault;
    fs::create_directories(local, fault);
  }
  const auto result = unpack_tar(
      [&start](char* into, std::size_t size) { return start.read(into, size); },
      {.folder = name.empty() ? fs::path(local) : fs::path(landing.folder), .expected = name, .renamed = landing.name});
  progress.clear();
  if (result.entries == 0 && !name.empty()) {
    throw Error(ErrorKind::instance_fault, "the instance sent nothing of " + printable(source.path));
  }
  tell_skipped(run, result.skipped);
  return 0;
}

int copy(Invocation& run, const CopyOptions& options) {
  auto source = parse_place(options.source);
  auto target = parse_place(options.target);
  if (source.has_value() == target.has_value()) {
    throw Error(ErrorKind::invalid_argument,
                source ? "copying between two instances takes two steps, by way of a file here"
                       : "one of the two has to be inside an instance: INSTANCE:/path");
  }
  auto& inside = source ? *source : *target;
  inside.instance = text_of(resolve_instance(run.api(), inside.instance), "id");
  if (source) {
    return options.target == "-" ? read_to_output(run, *source) : download(run, *source, options.target);
  }
  return options.source == "-" ? write_from_input(run, *target) : upload(run, options.source, *target);
}

int export_instance(Invocation& run, const ExportOptions& options) {
  const auto instance = resolve_instance(run.api(), options.instance);
  const bool to_output = options.file == "-";
  if (to_output && run.output_is_terminal()) {
    throw Error(ErrorKind::invalid_argument, "an archive does not belong on a terminal; name a file or use a pipe");
  }
  CallOptions call;
  call.limit = long_answer;
  const auto answer =
      run.api().open(path_of("/instances", text_of(instance, "id"), "/export"), "application/zstd", call);
  const std::uint64_t received = save(run, answer.length, options.file, "exporting");
  if (!to_output) {
    run.note("wrote " + rough_size(received) + " to " + printable(options.file));
  }
  return 0;
}

}  // namespace

void add_file_commands(CLI::App& app, Invocation& run) {
  auto [copy_command, copy_options] =
      add_command<CopyOptions>(app, run, "cp", "Copy files and folders: SOURCE or TARGET is INSTANCE:/path", copy);
  copy_command->add_option("source", copy_options->source, "What to copy; - is standard input")
      ->type_name("PLACE")
      ->required();
  copy_command->add_option("target", copy_options->target, "Where to; - is standard output")
      ->type_name("PLACE")
      ->required();

  auto [export_command, export_options] = add_command<ExportOptions>(
      app, run, "export", "Write the whole file system of an instance to a .tar.zst", export_instance);
  export_command->add_option("instance", export_options->instance, "Id or name")->type_name("INSTANCE")->required();
  export_command->add_option("file", export_options->file, "The file to write; - is standard output")
      ->type_name("FILE")
      ->required();
}

}  // namespace berth::cli
