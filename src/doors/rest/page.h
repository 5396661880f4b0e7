// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <utility>
#include <vector>

#include "core/store.h"
#include "doors/rest/forms.h"
#include "doors/rest/request.h"

namespace berth::doors::rest {

inline core::Page page_of(const http::Exchange& exchange) {
  return {.after = exchange.query("cursor"),
          .limit = page_limit(exchange) + 1};  // one more tells whether there is more
}

// The page's items, and the id of the last when there are more.
template <class Item, class ToForm>
auto page_form(std::vector<Item> items, std::size_t limit, ToForm to_form) {
  using Form = decltype(to_form(items.front()));
  PageForm<Form> page;
  const bool more = items.size() > limit;
  if (more) {
    items.resize(limit);
  }
  for (const Item& item : items) {
    page.items.push_back(to_form(item));
  }
  if (more) {
    page.next_cursor = items.back().id.text();
  }
  return page;
}

}  // namespace berth::doors::rest
