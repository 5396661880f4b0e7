// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <linux/filter.h>

#include <vector>

#include "warden/check_order.h"
#include "warden/layout.h"
#include "warden/packet.h"

namespace berth::warden {

// What a child of the check helper does: makes the surroundings of one check, runs the script in a child of its own,
// and tells how it ended. An outside check's is the first process of a process namespace, so its end ends everything.
[[noreturn]] void run_check_process(const Layout& layout, const CheckOrder& order, std::vector<Descriptor> descriptors,
                                    const std::vector<sock_filter>& filter);

// The namespaces such a child is made with.
int check_namespaces(const CheckOrder& order);

}  // namespace berth::warden
