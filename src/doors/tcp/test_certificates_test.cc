// SPDX-License-Identifier: Apache-2.0
#include "doors/tcp/test_certificates.h"

#include <gtest/gtest.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include <cstdio>
#include <functional>

#include "base/ids.h"

namespace berth::doors::tcp {
namespace {

void replace(const std::filesystem::path& path, const std::function<int(FILE*)>& print) {
  const std::filesystem::path beside = path.string() + ".new";
  FILE* file = std::fopen(beside.c_str(), "w");
  EXPECT_EQ(print(file), 1);
  std::fclose(file);
  std::filesystem::permissions(beside, std::filesystem::perms::owner_read);
  std::filesystem::rename(beside, path);
}

}  // namespace

TestCertificate::TestCertificate(const std::string& name) : key_(::EVP_EC_gen("P-256")), certificate_(::X509_new()) {
  X509* certificate = certificate_.get();
  ::X509_set_version(certificate, 2);
  ::X509_gmtime_adj(::X509_getm_notBefore(certificate), 0);
  ::X509_gmtime_adj(::X509_getm_notAfter(certificate), 3600);
  ::X509_set_pubkey(certificate, key_.get());
  X509_EXTENSION* names = ::X509V3_EXT_conf_nid(nullptr, nullptr, NID_subject_alt_name, ("DNS:" + name).c_str());
  ::X509_add_ext(certificate, names, -1);
  ::X509_EXTENSION_free(names);
  ::X509_sign(certificate, key_.get(), ::EVP_sha256());
}

void TestCertificate::write_certificate(const std::filesystem::path& path) const {
  replace(path, [this](FILE* file) { return ::PEM_write_X509(file, certificate_.get()); });
}

void TestCertificate::write_key(const std::filesystem::path& path) const {
  replace(path, [this](FILE* file) {
    return ::PEM_write_PrivateKey(file, key_.get(), nullptr, nullptr, 0, nullptr, nullptr);
  });
}

CertificateFolder::CertificateFolder(const TestCertificate& certificate)
    : folder_(::testing::TempDir() + "/berth-tls-" + random_name(8)) {
  std::filesystem::create_directories(folder_);
  put(certificate);
}

CertificateFolder::~CertificateFolder() { std::filesystem::remove_all(folder_); }

void CertificateFolder::put(const TestCertificate& certificate) const {
  certificate.write_certificate(files().certificate);
  certificate.write_key(files().key);
}

}  // namespace berth::doors::tcp
