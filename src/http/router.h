// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "http/exchange.h"

namespace berth::http {

// Patterns such as "/api/v1/instances/{instance}" to handlers; a literal segment goes before a parameter. HEAD goes to
// the handler of GET. Filled at start-up, then shared by all exchanges; handlers are stored and must stay callable.
class Router {
 public:
  // Adding one method and pattern twice, or a malformed pattern, aborts: it is a fault in the program.
  void add(Method method, std::string_view pattern, Handler handler);
  // GET and HEAD of everything that no pattern matches.
  void add_fallback(Handler handler);

  // Calls the handler. Unknown path: throws Error{not_found}; known with other methods: StatusError 405 with Allow.
  async::Task<> route(Exchange& exchange) const;

 private:
  struct Route {
    std::vector<std::string> segments;  // "{name}" for a parameter
    std::map<Method, Handler> handlers;
    const Handler* find(Method method) const;
  };
  struct Match {
    const Route* route = nullptr;
    const Handler* handler = nullptr;
    std::set<Method> allowed;  // of every pattern that fits the path
  };
  Match match(Method method, const std::vector<std::string_view>& segments) const;
  [[noreturn]] static void refuse_method(std::set<Method> allowed);

  std::vector<Route> routes_;
  Handler fallback_;
};

}  // namespace berth::http
