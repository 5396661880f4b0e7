// SPDX-License-Identifier: Apache-2.0
#include "core/public_key.h"

#include <gtest/gtest.h>

#include "base/base64.h"
#include "base/error.h"

namespace berth::core {
namespace {

// Made and fingerprinted by ssh-keygen.
const std::string ed25519 = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIK9qBavBUYGQQhuFQj/T0iaz48Yndamw2WHHVqLndTN1";
const std::string ecdsa =
    "ecdsa-sha2-nistp521 "
    "AAAAE2VjZHNhLXNoYTItbmlzdHA1MjEAAAAIbmlzdHA1MjEAAACFBABeh8s68I8Wed4zMcTQjnikOn1ZkblrDBBEuJac7MWnggx8EbmOIkj2hpVUcA"
    "i3"
    "zNoAKDca43mi62fex/Qzec7A2wAxzzX1Ji9jbSM2sXCCNEqsVYkQOyTXwbWEc2/AcLR7IlXcC1DXV6zA0l5fAF/"
    "J+x5dRavgA8rbp3IxlGHgAy9YHA==";
const std::string rsa2048 =
    "ssh-rsa "
    "AAAAB3NzaC1yc2EAAAADAQABAAABAQCkGUUcAU+x6xSFqMZ8KyxEUr55VmQaSf+6lIFA+kX1hD2wT3BahtOfw8buKqL4+"
    "aFNfaBopPfTstw6ySTgvuAO"
    "sH0bb5e8k6K8WvmGI3VUYd4bGfVkgiytgr/"
    "bepg2eamoxKWdE+1RxNvju6DtooCz2+UDp4SOrSTGjlD+Amaznv9Y1Y05PLwyfChEmeFz7ouVCFc9FCbq"
    "uNIIdI/nFBzT7VcrJxYUx9ZJRV9+bV1t8mRDLg38uBZzwBonMZgqE+iCiSvQW0z5hgfZq8ws9UxFS8CkDH3cjfjZDfAAb31dR5IlpKDYuhjB0/"
    "OdDZ2R"
    "8C3+PftcIxOFM8tkySuE9BT1";
const std::string rsa1024 =
    "ssh-rsa "
    "AAAAB3NzaC1yc2EAAAADAQABAAAAgQCryVWrG5nzw5GbA2suKthOKpcjwX82+"
    "P6mg286e65hw8ThH8IqewUa2h9cCEvL77RCkwfyRR3pFWsXjPkOyfvy"
    "1AE/pwzmYAYSU/Ut/d8LhUKHSFBLm7Z9CMfI8ED5B0Ux9dQWOBIyessy1QAgEv7/2/xC59mj8DXmzoWtXS0IZw==";

std::string fingerprint(const std::string& line) {
  return fingerprint_of_hash(hash_public_key(parse_public_key(line).blob));
}

std::string refusal(const std::string& line) {
  try {
    parse_public_key(line);
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::invalid_argument);
    EXPECT_EQ(error.field(), "key");
    return error.what();
  }
  return "taken";
}

TEST(PublicKeyTest, has_the_fingerprint_that_ssh_keygen_prints) {
  EXPECT_EQ(fingerprint(ed25519 + " a b"), "SHA256:k9zQgupAEFdONcvpDSaYKv+gm3FyXTrlDbv0tyMtf5Y");
  EXPECT_EQ(fingerprint(ecdsa + " c"), "SHA256:QWiuK8LXm+Wj+uyEquHWY3ckXga9Tp3JICKAb6ta7hs");
  EXPECT_EQ(fingerprint(rsa2048), "SHA256:x6AN6of97h5z5C1AKGZe6pffqnlgDlKarV0Y+jrfttQ");
}

TEST(PublicKeyTest, has_a_type_and_perhaps_a_comment) {
  const PublicKey key = parse_public_key("  " + ed25519 + "  a b \r\n");
  EXPECT_EQ(key.type, "ssh-ed25519");
  EXPECT_EQ(key.comment, "a b");
  EXPECT_EQ(parse_public_key(rsa2048).comment, "");
}

TEST(PublicKeyTest, is_refused_when_it_is_weak_private_or_of_an_unknown_type) {
  EXPECT_TRUE(refusal(rsa1024).contains("1024"));
  EXPECT_TRUE(refusal("-----BEGIN OPENSSH PRIVATE KEY-----\nb3BlbnNzaC1rZXktdjEA\n").contains("private key"));
  const std::string dsa = std::string({0, 0, 0, 7}) + "ssh-dss" + std::string({0, 0, 0, 1, 1});
  EXPECT_TRUE(refusal("ssh-dss " + encode_base64(dsa)).contains("not taken"));
}

TEST(PublicKeyTest, is_one_line) {
  EXPECT_TRUE(refusal(ed25519 + "\n" + ed25519).contains("one line"));
  EXPECT_TRUE(refusal("").contains("one line"));
  EXPECT_TRUE(refusal("hello").contains("begins with"));
  EXPECT_TRUE(refusal("no-pty " + ed25519).contains("begins with"));
  EXPECT_TRUE(refusal("ssh-rsa " + ed25519.substr(ed25519.find(' ') + 1)).contains("another type"));
}

TEST(PublicKeyTest, is_refused_wherever_it_is_cut_off_and_with_anything_behind_it) {
  for (const std::string& line : {ed25519, ecdsa, rsa2048}) {
    const std::string blob = parse_public_key(line).blob;
    for (std::size_t length = 0; length < blob.size(); ++length) {
      EXPECT_THROW(check_public_key(blob.substr(0, length)), Error) << length;
    }
    EXPECT_THROW(check_public_key(blob + '\0'), Error);
  }
  EXPECT_THROW(check_public_key(std::string(4, '\xff')), Error);
}

}  // namespace
}  // namespace berth::core
