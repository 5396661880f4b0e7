// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <boost/describe/class.hpp>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "async/task.h"
#include "base/clock.h"
#include "core/store.h"

namespace berth::stores::sql {

struct Settings {
  std::string url;            // sqlite:///directory/file or postgresql://user@host:port/database?option=value
  std::string password_file;  // of PostgreSQL; empty: none is needed
  Seconds lock_wait{5};       // how long to wait while another program writes
};
BOOST_DESCRIBE_STRUCT(Settings, (), (url, password_file, lock_wait))

// The url of an SQLite file; `file` is absolute.
std::string sqlite_url(const std::filesystem::path& file);

// Every fault of the settings as a sentence, empty when they are sound. Looks at no file and no network.
std::vector<std::string> faults_of(const Settings& settings);

// Opens the database, creates or migrates its tables, and starts the writer thread. Blocks meanwhile. Throws
// Error{invalid_argument} for faulty settings, Error{unavailable} with a sentence for the operator otherwise. Callers
// are resumed through `executor`, a whole commit at a time; it must outlive the store. The destructor finishes what is
// queued.
std::unique_ptr<core::Store> open(const Settings& settings, const async::Executor& executor);

}  // namespace berth::stores::sql
