// SPDX-License-Identifier: Apache-2.0
#include "runtimes/contract/test_host.h"

namespace berth::runtimes::contract {
namespace {

// Ends the host while failures can still be reported.
class HostEnd final : public testing::Environment {
 public:
  void TearDown() override { TestHost::end_shared(); }
};
const auto* const host_end = testing::AddGlobalTestEnvironment(new HostEnd);

INSTANTIATE_TEST_SUITE_P(Local, RuntimeContract,
                         testing::Values(SubjectMaker{"local", [](boost::asio::io_context& loop) {
                                                        return std::make_unique<LocalSubject>(loop);
                                                      }}));

}  // namespace
}  // namespace berth::runtimes::contract
