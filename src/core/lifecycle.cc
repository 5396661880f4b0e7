// SPDX-License-Identifier: Apache-2.0
#include "core/lifecycle.h"

#include <array>

namespace berth::core {
namespace {

using enum InstanceState;
using Event = InstanceEvent;

struct Row {
  InstanceState from;
  InstanceEvent event;
  InstanceState to;
};

constexpr std::array table = std::to_array<Row>({
    {queued, Event::admit, starting},    {queued, Event::fail, failed},       {queued, Event::stop, stopped},
    {queued, Event::extend, queued},     {queued, Event::expire, grace},      {queued, Event::destroy, gone},
    {queued, Event::lease, running},

    {starting, Event::started, running}, {starting, Event::fail, failed},     {starting, Event::exited, failed},
    {starting, Event::stop, stopped},    {starting, Event::extend, starting}, {starting, Event::expire, grace},
    {starting, Event::destroy, gone},

    {running, Event::fail, failed},      {running, Event::exited, stopped},   {running, Event::stop, stopped},
    {running, Event::pause, asleep},     {running, Event::extend, running},   {running, Event::expire, grace},
    {running, Event::destroy, gone},

    {asleep, Event::fail, failed},       {asleep, Event::exited, stopped},    {asleep, Event::stop, stopped},
    {asleep, Event::resume, running},    {asleep, Event::extend, asleep},     {asleep, Event::expire, grace},
    {asleep, Event::destroy, gone},

    {stopped, Event::start, queued},     {stopped, Event::extend, stopped},   {stopped, Event::expire, grace},
    {stopped, Event::destroy, gone},

    {failed, Event::start, queued},      {failed, Event::extend, failed},     {failed, Event::expire, grace},
    {failed, Event::destroy, gone},

    {grace, Event::extend, stopped},     {grace, Event::grace_over, gone},    {grace, Event::destroy, gone},
});

}  // namespace

std::optional<InstanceState> next_state(InstanceState state, InstanceEvent event) {
  for (const Row& row : table) {
    if (row.from == state && row.event == event) {
      return row.to;
    }
  }
  return std::nullopt;
}

bool is_active(InstanceState state) { return state == starting || state == running || state == asleep; }

}  // namespace berth::core
