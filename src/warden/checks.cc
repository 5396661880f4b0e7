// SPDX-License-Identifier: Apache-2.0
#include "warden/checks.h"

#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>

#include "warden/check_watch.h"
#include "warden/image_layers.h"
#include "warden/system_error.h"

namespace berth::warden {
namespace {

// A copy, so that nobody can change it any more. A regular file or memfd never makes us wait.
Descriptor copy_script(const Descriptor& given) {
  struct stat state{};
  check(::fstat(given.get(), &state), "look at the script");
  if (!S_ISREG(state.st_mode)) {
    throw Error(ErrorKind::invalid_argument, "the script must be a regular file");
  }
  std::string text(wire::longest_check + 1, '\0');
  const ssize_t size = ::pread(given.get(), text.data(), text.size(), 0);
  if (size < 0 || static_cast<std::size_t>(size) > wire::longest_check) {
    throw Error(ErrorKind::invalid_argument, "the script must be readable and at most 64 KiB long");
  }
  Descriptor copy(check(::memfd_create("check", MFD_CLOEXEC), "keep the script"));
  write_all(copy.get(), std::string_view(text).substr(0, static_cast<std::size_t>(size)));
  return copy;
}

// How many bytes of a good UTF-8 sequence begin the text; 0: none.
std::size_t sequence_length(std::string_view text) {
  const auto first = static_cast<unsigned char>(text.front());
  const std::size_t length = first < 0x80                    ? 1
                             : first >= 0xc2 && first < 0xe0 ? 2
                             : first >= 0xe0 && first < 0xf0 ? 3
                             : first >= 0xf0 && first < 0xf5 ? 4
                                                             : 0;
  if (length > text.size()) {
    return 0;
  }
  for (std::size_t at = 1; at < length; ++at) {
    if ((static_cast<unsigned char>(text[at]) & 0xc0) != 0x80) {
      return 0;
    }
  }
  if (length > 2) {  // too long a form, a surrogate, or beyond the last character
    const auto second = static_cast<unsigned char>(text[1]);
    if ((first == 0xe0 && second < 0xa0) || (first == 0xed && second >= 0xa0) || (first == 0xf0 && second < 0x90) ||
        (first == 0xf4 && second >= 0x90)) {
      return 0;
    }
  }
  return length;
}

std::vector<std::string> texts(const std::vector<path>& paths) { return {paths.begin(), paths.end()}; }

}  // namespace

std::string valid_text(std::string_view bytes) {
  std::string text;
  while (!bytes.empty()) {
    const std::size_t length = sequence_length(bytes);
    text += length == 0 ? "?" : bytes.substr(0, length);
    bytes.remove_prefix(std::max<std::size_t>(length, 1));
  }
  return text;
}

wire::CheckReport Checks::run(const std::string& id, const wire::CheckSpec& spec, const Descriptor& script) const {
  const Descriptor copy = copy_script(script);
  Instance::Machine first = instances_.find(id)->machine();
  const InstanceRecord record = first.record;
  CheckOrder order{.inside = spec.inside,
                   .first_uid = record.first_uid,
                   .processes = record.spec.processes,
                   .seconds = spec.seconds};
  if (spec.inside) {
    order.cgroups = texts(host_.cgroups.groups(id));
  } else {
    order.layers = texts(image_layers(host_.layout, record.spec.image));
  }
  std::vector<Descriptor> machines;
  machines.push_back(std::move(first.process));
  for (const wire::CheckMachine& machine : spec.machines) {
    order.machines.push_back(machine.name);
    machines.push_back(instances_.find(machine.id)->machine().process);
  }
  const std::uint64_t killed = host_.cgroups.out_of_memory_kills(check_group);
  CheckWatch watch(spec.inside, Seconds{spec.seconds}, machines);
  watch.begin([&](int answers, int output, int errors) {
    std::vector<int> descriptors = {answers, output, errors, copy.get(), first.user_namespace.get()};
    std::ranges::transform(machines, std::back_inserter(descriptors), &Descriptor::get);
    helper_.start(order, descriptors);
  });
  wire::CheckReport report = watch.run();
  // It may have lost a program that it asked, and taken that for an answer.
  if (host_.cgroups.out_of_memory_kills(check_group) != killed) {
    throw Error(ErrorKind::unavailable, "memory for checks ran out while this one ran; try again");
  }
  report.output = valid_text(report.output);
  report.errors = valid_text(report.errors);
  return report;
}

}  // namespace berth::warden
