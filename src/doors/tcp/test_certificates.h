// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <openssl/ssl.h>

#include <filesystem>
#include <memory>
#include <string>

#include "doors/tcp/tls_settings.h"

namespace berth::doors::tcp {

// A key, and a certificate for a name that it signed itself.
class TestCertificate {
 public:
  explicit TestCertificate(const std::string& name);
  // Into a new file that takes the place of what was there.
  void write_certificate(const std::filesystem::path& file) const;
  void write_key(const std::filesystem::path& file) const;

 private:
  struct Free {
    void operator()(EVP_PKEY* key) const { ::EVP_PKEY_free(key); }
    void operator()(X509* certificate) const { ::X509_free(certificate); }
  };
  std::unique_ptr<EVP_PKEY, Free> key_;
  std::unique_ptr<X509, Free> certificate_;
};

// One of them in a folder of its own.
class CertificateFolder {
 public:
  explicit CertificateFolder(const TestCertificate& certificate);
  ~CertificateFolder();
  CertificateFolder(const CertificateFolder&) = delete;
  CertificateFolder& operator=(const CertificateFolder&) = delete;

  CertificateFiles files() const { return {.certificate = folder_ / "pem", .key = folder_ / "key"}; }
  void put(const TestCertificate& certificate) const;

 private:
  std::filesystem::path folder_;
};

}  // namespace berth::doors::tcp
