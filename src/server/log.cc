// SPDX-License-Identifier: Apache-2.0
#include "server/log.h"

#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include "base/described.h"

namespace berth::server {

void start_logging() {
  auto logger = spdlog::stderr_logger_st("berthd");
  logger->set_pattern(R"({"at":"%Y-%m-%dT%H:%M:%S.%eZ","level":"%l","message":%v})", spdlog::pattern_time_type::utc);
  spdlog::set_default_logger(logger);
}

void log_line(const std::string& message) { spdlog::info(print_json(boost::json::string(message))); }

}  // namespace berth::server
