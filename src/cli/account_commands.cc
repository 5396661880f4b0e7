// SPDX-License-Identifier: Apache-2.0
#include <unistd.h>

#include "base/error.h"
#include "cli/commands.h"
#include "cli/table.h"
#include "cli/terminal.h"
#include "cli/text.h"

namespace berth::cli {
namespace {

struct LoginOptions {
  std::string link;
};

struct CreateOptions {
  std::string name;
  std::string role = "member";
};

struct LinkOptions {
  std::string account;
};

// One line of standard input; what is typed on a terminal is not shown.
std::string read_line(Invocation& run, std::string_view prompt) {
  const HiddenTyping hidden(run.around.input);
  if (run.input_is_terminal()) {
    write_all(run.around.errors, prompt);
  }
  std::string line;
  char character = 0;
  while (line.size() < 4096 && ::read(run.around.input, &character, 1) == 1 && character != '\n') {
    line += character;
  }
  if (run.input_is_terminal()) {
    write_all(run.around.errors, "\n");
  }
  const auto first = line.find_first_not_of(" \t\r");
  return first == std::string::npos ? "" : line.substr(first, line.find_last_not_of(" \t\r") - first + 1);
}

bool is_refusal(const Error& error) {
  return error.kind() == ErrorKind::unauthenticated || error.kind() == ErrorKind::not_found ||
         error.kind() == ErrorKind::forbidden || error.kind() == ErrorKind::invalid_argument;
}

Secret trade_code(const std::string& url, const std::string& code) {
  ApiClient api({.endpoint = parse_endpoint(url), .token = {}});
  CallOptions options;
  options.signed_in = false;
  const auto login = api.call("POST", "/login", boost::json::object{{"code", code}, {"kind", "api_token"}}, options);
  std::string token = text_of(login, "token");
  if (token.empty()) {
    throw Error(ErrorKind::unavailable, "the server at " + url + " gave no token; is it of the same version?");
  }
  return Secret(std::move(token));
}

// Codes and tokens look alike; what was typed where nobody else sees it may be either.
Secret trade_or_take(const std::string& url, const std::string& typed) {
  try {
    return trade_code(url, typed);
  } catch (const Error& refused) {
    if (!is_refusal(refused)) {
      throw;
    }
    const Error reason = refused;
    try {
      ApiClient({.endpoint = parse_endpoint(url), .token = Secret(typed)}).get("/account");
    } catch (const Error&) {
      throw reason;
    }
    return Secret(typed);
  }
}

Secret trade_argument(const std::string& url, const std::string& code) {
  try {
    return trade_code(url, code);
  } catch (const Error& refused) {
    throw Error(refused.kind(), std::string(refused.what()) +
                                    (is_refusal(refused) ? " (an API token is not taken from the command line, where "
                                                           "others see it; 'berth login' asks for one)"
                                                         : ""));
  }
}

int login(Invocation& run, const LoginOptions& options) {
  LoginLink link = options.link.empty() ? LoginLink{} : parse_login_link(options.link);
  const bool asks = link.code.empty();
  if (asks) {
    LoginLink typed = parse_login_link(read_line(run, "Login link, its code, or an API token: "));
    link = {.url = typed.url.empty() ? link.url : typed.url, .code = typed.code};
  }
  if (link.code.empty()) {
    throw Error(ErrorKind::invalid_argument,
                "there is no code; 'berth login-link' or 'berthd login-link' prints a link");
  }
  const std::string url = link.url.empty() ? find_access(run.around.environment).endpoint.url() : link.url;
  const Secret token = asks ? trade_or_take(url, link.code) : trade_argument(url, link.code);
  run.use({.endpoint = parse_endpoint(url), .token = token});
  const auto account = run.api().get("/account");
  const auto path = config_path(run.around.environment);
  save_login(path, {url, token});
  if (run.json) {
    run.print_json(account);
    return 0;
  }
  run.print("Signed in at " + url + " as " + printable(text_of(account, "name")) + " (" +
            printable(text_of(account, "role")) + ").\n");
  if (!parse_endpoint(url).tls && !parse_endpoint(url).is_loopback()) {
    run.note("the connection is not encrypted: others on the way can read the token; use https:// where you can");
  }
  if (run.around.environment.contains("BERTH_TOKEN") || run.around.environment.contains("BERTH_URL")) {
    run.note("BERTH_URL or BERTH_TOKEN is set and goes before this sign-in");
  }
  return 0;
}

int logout(Invocation& run, const NoOptions&) {
  if (run.api().access().token_from_environment) {
    throw Error(ErrorKind::invalid_argument,
                "you are signed in by BERTH_TOKEN; unset it, or revoke the token with 'berth token rm'");
  }
  try {
    run.api().call("POST", "/logout");
  } catch (const Error& error) {
    if (error.kind() != ErrorKind::unauthenticated) {  // it is no longer known: all the better
      throw;
    }
  }
  forget_login(config_path(run.around.environment));
  if (!run.json) {
    run.print("Signed out at " + run.api().access().endpoint.url() + ".\n");
  }
  return 0;
}

int whoami(Invocation& run, const NoOptions&) {
  const auto account = run.api().get("/account");
  if (run.json) {
    run.print_json(account);
    return 0;
  }
  run.print(printable(text_of(account, "name")) + " (" + printable(text_of(account, "role")) + ") at " +
            run.api().access().endpoint.url() + "\n");
  return 0;
}

int list(Invocation& run, const NoOptions&) {
  const auto page = run.api().list("/accounts");
  if (run.json) {
    run.print_json(page);
    return 0;
  }
  Table table({"ID", "NAME", "ROLE", "CREATED"});
  for (const auto& account : items_of(page)) {
    table.add({text_of(account, "id"), text_of(account, "name"), text_of(account, "role"),
               relative_time(parse_time(text_of(account, "created_at")), run.now())});
  }
  run.print(table.text());
  return 0;
}

int print_link(Invocation& run, const boost::json::value& link) {
  if (run.json) {
    run.print_json(link);
    return 0;
  }
  run.print(printable(text_of(link, "url")) + "\n");
  const std::string expires = text_of(link, "expires_at");
  run.note("this link works once" +
           (expires.empty() ? std::string() : "; it expires " + relative_time(parse_time(expires), run.now())));
  return 0;
}

int create(Invocation& run, const CreateOptions& options) {
  return print_link(
      run, run.api().call("POST", "/accounts", boost::json::object{{"name", options.name}, {"role", options.role}}));
}

std::string account_id(Invocation& run, const std::string& text) {
  const auto own = run.api().get("/account");
  if (text.empty() || text == text_of(own, "id") || text == text_of(own, "name")) {
    return text_of(own, "id");
  }
  const auto page = run.api().list("/accounts");
  for (const char* key : {"id", "name"}) {
    for (const auto& account : items_of(page)) {
      if (text_of(account, key) == text) {
        return text_of(account, "id");
      }
    }
  }
  throw Error(ErrorKind::not_found, "there is no account '" + text + "'; 'berth account ls' shows them");
}

int login_link(Invocation& run, const LinkOptions& options) {
  const std::string id = account_id(run, options.account);
  return print_link(run, run.api().call("POST", path_of("/accounts", id, "/login-links")));
}

}  // namespace

void add_account_commands(CLI::App& app, Invocation& run) {
  auto [login_command, login_options] =
      add_command<LoginOptions>(app, run, "login", "Sign in with a login link", login);
  login_command->add_option("link", login_options->link, "The link, its code, or a server's URL (else asked for)")
      ->type_name("URL|CODE");
  add_command<NoOptions>(app, run, "logout", "Revoke the token and forget it", logout);
  add_command<NoOptions>(app, run, "whoami", "Show who you are, and where", whoami);
  auto [link_command, link_options] =
      add_command<LinkOptions>(app, run, "login-link", "Print a new one-time login link", login_link);
  link_command->add_option("account", link_options->account, "Whose (left out: your own)")->type_name("ACCOUNT");

  auto* group = app.add_subcommand("account", "Accounts (for administrators)")->require_subcommand(1);
  add_command<NoOptions>(*group, run, "ls", "List all accounts", list);
  auto [create_command, create_options] =
      add_command<CreateOptions>(*group, run, "create", "Create an account and print its login link", create);
  create_command->add_option("name", create_options->name, "Its name")->type_name("NAME")->required();
  create_command->add_option("--role", create_options->role, "member or admin")
      ->check(CLI::IsMember({"member", "admin"}));
}

}  // namespace berth::cli
