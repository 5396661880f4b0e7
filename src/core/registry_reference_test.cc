// SPDX-License-Identifier: Apache-2.0
#include "core/registry_reference.h"

#include <gtest/gtest.h>

#include "base/error.h"

namespace berth::core {
namespace {

TEST(RegistryReference, names_the_registry_it_goes_to) {
  EXPECT_EQ(parse_reference("docker://busybox").registry, "docker.io");
  EXPECT_EQ(parse_reference("docker://library/busybox:1.36").registry, "docker.io");
  EXPECT_EQ(parse_reference("docker://quay.io/a/b-c_d.e").registry, "quay.io");
  EXPECT_EQ(parse_reference("docker://localhost/a").registry, "localhost");
  EXPECT_EQ(parse_reference("docker://127.0.0.1:5000/a:B").registry, "127.0.0.1:5000");
  EXPECT_EQ(parse_reference("docker://ghcr.io/a@sha256:" + std::string(64, 'a')).registry, "ghcr.io");
  EXPECT_EQ(parse_reference("docker://ghcr.io/a:b").text, "docker://ghcr.io/a:b");
}

TEST(RegistryReference, anything_else_is_refused) {
  for (const std::string& text : {std::string(""),
                                  std::string("busybox"),
                                  std::string("dir:/etc"),
                                  std::string("docker://"),
                                  std::string("docker:///a"),
                                  std::string("docker://--debug"),
                                  std::string("docker://a b"),
                                  std::string("docker://a/../b"),
                                  std::string("docker://a\n"),
                                  std::string("docker://A"),
                                  std::string("docker://a:"),
                                  std::string("docker://a:-x"),
                                  std::string("docker://a:b:c"),
                                  std::string("docker://a@sha256:12"),
                                  std::string("docker://user@host.example/a"),
                                  std::string("docker://host.example:/a"),
                                  std::string("docker://host.example:123456/a"),
                                  std::string("docker://-host.example/a"),
                                  std::string("docker://host.example/"),
                                  std::string("docker://host.example//a"),
                                  std::string("docker://a\0b", 12),
                                  "docker://" + std::string(600, 'a'),
                                  "docker://a:b@sha256:" + std::string(64, 'a')}) {
    try {
      parse_reference(text);
      ADD_FAILURE() << text;
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::invalid_argument) << text;
    }
  }
}

}  // namespace
}  // namespace berth::core
