// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "core/access.h"
#include "core/event.h"
#include "core/image.h"
#include "core/instance.h"
#include "core/recording.h"
#include "core/service_definition.h"

namespace berth::stores::contract {

// A moment some milliseconds after one that all samples share.
TimePoint moment(long milliseconds);

// Text of the kind that databases, quoting and encodings get wrong.
std::string odd_text();
// Longer than any buffer or page.
std::string long_text();

// With as little set as there may be.
core::Account plain_account(const std::string& id);
core::Token plain_token(const std::string& id, const std::string& account);
core::Image plain_image(const std::string& name);
core::StoredService plain_service(const std::string& name);
core::Instance plain_instance(const std::string& id, const std::string& account);
core::Recording plain_recording(const std::string& id, const std::string& account);
core::Event plain_event(const std::string& detail);

// With everything set to something that is not its default.
core::Account full_account();
core::Token full_token();
core::Image full_image();
core::StoredService full_service();
core::Instance full_instance();
core::Recording full_recording();
core::Event full_event();

// Every field as text, to compare and to show. Does not compile when a field is added: add it to the stores, too.
std::string show(const core::Account& account);
std::string show(const core::Token& token);
std::string show(const core::Image& image);
std::string show(const core::StoredService& service);
std::string show(const core::Instance& instance);
std::string show(const core::Recording& recording);
std::string show(const core::Event& event);

}  // namespace berth::stores::contract
