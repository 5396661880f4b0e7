// SPDX-License-Identifier: Apache-2.0
#include "runtimes/fake/fake_program.h"

#include <charconv>

#include "base/error.h"

namespace berth::runtimes::fake {
namespace {

using Exit = std::optional<wire::SessionExit>;

Exit ended(int code) { return wire::SessionExit{.code = code, .signal = {}}; }

int number_from(const std::string& text) {
  int number = 0;
  std::from_chars(text.data(), text.data() + text.size(), number);
  return number;
}

std::string joined(const std::vector<std::string>& words, std::size_t from) {
  std::string line;
  for (std::size_t index = from; index < words.size(); ++index) {
    line += (index > from ? " " : "") + words[index];
  }
  return line + "\n";
}

FakeProgram prints(std::string text, bool to_error = false) {
  return [text = std::move(text), to_error](ProgramConsole& console) {
    to_error ? console.complain(text) : console.print(text);
    return ended(0);
  };
}

Exit copy_input(ProgramConsole& console) {
  if (!console.input.empty()) {
    console.print(std::exchange(console.input, {}));
  }
  return console.input_ended ? ended(0) : std::nullopt;
}

FakeProgram counts_to(int last) {
  return [last, next = 1](ProgramConsole& console) mutable -> Exit {
    std::string lines;
    while (next <= last && lines.size() < 4096) {
      lines += std::to_string(next++) + "\n";
    }
    console.print(lines);
    return next > last ? ended(0) : std::nullopt;
  };
}

FakeProgram lists_environment(const wire::OpenSession& request) {
  std::string text;
  for (const auto& [name, value] : request.environment) {
    text += name + "=" + value + "\n";
  }
  text += "PWD=" + (request.directory.empty() ? "/root" : request.directory) + "\n";
  text += "USER=" + (request.user.empty() ? "root" : request.user) + "\n";
  return prints(text);
}

// Echoes what is typed; the line "exit N" or an end of file ends it.
FakeProgram terminal() {
  return [line = std::string()](ProgramConsole& console) mutable -> Exit {
    if (const auto size = std::exchange(console.resized, {})) {
      console.print("resized " + std::to_string(size->columns) + "x" + std::to_string(size->rows) + "\r\n");
    }
    const std::string typed = std::exchange(console.input, {});
    if (!typed.empty()) {
      console.print(typed);
    }
    for (const char key : typed) {
      if (key == '\x04') {
        return ended(0);
      }
      if (key != '\r' && key != '\n') {
        line += key;
        continue;
      }
      if (line == "exit" || line.starts_with("exit ")) {
        return ended(line == "exit" ? 0 : number_from(line.substr(5)));
      }
      line.clear();
    }
    return console.input_ended ? ended(0) : std::nullopt;
  };
}

// Reports a fault as the agent's own children do: one sentence, exit code 1.
Exit reported(ProgramConsole& console, const std::function<void()>& work) {
  try {
    work();
    return ended(0);
  } catch (const Error& error) {
    console.complain(std::string(error.what()) + "\n");
    return ended(1);
  }
}

FakeProgram reads_file(FakeDisk& disk, std::string path) {
  return [&disk, path = std::move(path)](ProgramConsole& console) {
    return reported(console, [&] {
      const auto found = disk.find(path);
      if (found == disk.end()) {
        throw Error(ErrorKind::not_found, "there is no file '" + path + "'");
      }
      console.print(found->second);
    });
  };
}

FakeProgram writes_file(FakeDisk& disk, std::string path) {
  return [&disk, path = std::move(path), content = std::string()](ProgramConsole& console) mutable -> Exit {
    content += std::exchange(console.input, {});
    if (!console.input_ended) {
      return std::nullopt;
    }
    return reported(console, [&] {
      const std::string folder = path.substr(0, std::max<std::size_t>(path.rfind('/'), 1));
      if (!path.starts_with('/') || !has_folder(disk, folder)) {
        throw Error(ErrorKind::not_found, "there is no folder '" + folder + "'");
      }
      disk[path] = content;
    });
  };
}

FakeProgram reads_tar(FakeDisk& disk, std::string path) {
  return [&disk, path = std::move(path)](ProgramConsole& console) {
    return reported(console, [&] { console.print(pack(disk, path)); });
  };
}

FakeProgram writes_tar(FakeDisk& disk, std::string path) {
  return [&disk, path = std::move(path), tar = std::string()](ProgramConsole& console) mutable -> Exit {
    tar += std::exchange(console.input, {});
    if (!console.input_ended) {
      return std::nullopt;
    }
    return reported(console, [&] { unpack(disk, path, tar); });
  };
}

FakeProgram command(const wire::OpenSession& request, const ProgramSurroundings& surroundings) {
  const auto& words = request.command;
  const std::string name = words.empty() ? "" : words[0].substr(words[0].rfind('/') + 1);
  const std::string argument = words.size() > 1 ? words[1] : "";
  if (name == "true" || name == "false" || name == "exit") {
    const int code = name == "exit" ? number_from(argument) : (name == "true" ? 0 : 1);
    return [code](ProgramConsole&) { return ended(code); };
  }
  if (name == "echo") {
    return prints(joined(words, 1));
  }
  if (name == "stderr") {
    return prints(joined(words, 1), true);
  }
  if (name == "cat") {
    return copy_input;
  }
  if (name == "count") {
    return counts_to(number_from(argument));
  }
  if (name == "env") {
    return lists_environment(request);
  }
  if (name == "wait" || name == "nc") {
    if (name == "nc" && words.size() > 3) {
      surroundings.listen_as_echo(static_cast<std::uint16_t>(number_from(words[3])));
    }
    return [](ProgramConsole&) { return Exit(); };
  }
  throw Error(ErrorKind::not_found, "there is no program '" + name + "'");
}

}  // namespace

FakeProgram make_program(const wire::OpenSession& request, const ProgramSurroundings& surroundings) {
  switch (request.kind) {
    case wire::SessionKind::terminal:
      return terminal();
    case wire::SessionKind::command:
      return command(request, surroundings);
    case wire::SessionKind::read_tar:
      return reads_tar(surroundings.disk, request.path);
    case wire::SessionKind::write_tar:
      return writes_tar(surroundings.disk, request.path);
    case wire::SessionKind::read_file:
      return reads_file(surroundings.disk, request.path);
    case wire::SessionKind::write_file:
      return writes_file(surroundings.disk, request.path);
    case wire::SessionKind::sftp:
      throw Error(ErrorKind::invalid_argument, "this instance is a fake and speaks no SFTP");
  }
  std::abort();
}

}  // namespace berth::runtimes::fake
