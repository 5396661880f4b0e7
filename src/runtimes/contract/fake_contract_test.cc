// SPDX-License-Identifier: Apache-2.0
#include "runtimes/contract/runtime_contract.h"
#include "runtimes/fake/fake_images.h"
#include "runtimes/fake/fake_runtime.h"

namespace berth::runtimes::contract {
namespace {

class FakeSubject final : public Subject {
 public:
  explicit FakeSubject(boost::asio::io_context& loop)
      : images_(loop.get_executor()), runtime_(loop.get_executor(), images_) {}
  core::Runtime& runtime() override { return runtime_; }
  core::ImageLibrary& images() override { return images_; }
  void end_by_itself(const InstanceId& id) override { runtime_.end(id); }

 private:
  fake::FakeImages images_;
  fake::FakeRuntime runtime_;
};

INSTANTIATE_TEST_SUITE_P(Fake, RuntimeContract,
                         testing::Values(SubjectMaker{"fake", [](boost::asio::io_context& loop) {
                                                        return std::make_unique<FakeSubject>(loop);
                                                      }}));

}  // namespace
}  // namespace berth::runtimes::contract
