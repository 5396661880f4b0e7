// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <gtest/gtest.h>

#include <boost/asio/io_context.hpp>
#include <functional>
#include <memory>
#include <ostream>
#include <string>

#include "base/error.h"
#include "core/runtime.h"

namespace berth::runtimes::contract {

// A runtime with an image "busybox", and what a test must do to it from outside.
class Subject {
 public:
  virtual ~Subject() = default;
  virtual core::Runtime& runtime() = 0;
  virtual core::ImageLibrary& images() = 0;
  // The instance's processes end without having been asked to.
  virtual void end_by_itself(const InstanceId& id) = 0;
};

using MakeSubject = std::function<std::unique_ptr<Subject>(boost::asio::io_context& loop)>;

struct SubjectMaker {
  std::string name;
  MakeSubject make;
  friend void PrintTo(const SubjectMaker& maker, std::ostream* out) { *out << maker.name; }
};

// The suite that every runtime passes: INSTANTIATE_TEST_SUITE_P(name, RuntimeContract, testing::Values(maker)). Each
// case has instances of its own, which are gone after it.
class RuntimeContract : public testing::TestWithParam<SubjectMaker> {
 protected:
  void SetUp() override;
  void TearDown() override;

  // Runs the case's coroutine to its end, which must come soon.
  void run(async::Task<> work);
  core::Runtime& runtime() { return subject_->runtime(); }
  core::ImageLibrary& images() { return subject_->images(); }
  Subject& subject() { return *subject_; }

 private:
  boost::asio::io_context loop_;
  std::unique_ptr<Subject> subject_;
};

// A small instance of busybox.
core::InstanceSpec small_spec();

// Expects `work` to throw an Error of the kind.
async::Task<> expect_error(async::Task<> work, ErrorKind kind);

// For expect_error().
template <class T>
async::Task<> discard(async::Task<T> work) {
  co_await std::move(work);
}

}  // namespace berth::runtimes::contract
