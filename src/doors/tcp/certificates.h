// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <openssl/ssl.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "doors/tcp/tls_settings.h"

namespace berth::doors::tcp {

struct SslFree {
  void operator()(SSL* ssl) const { ::SSL_free(ssl); }
};
using Ssl = std::unique_ptr<SSL, SslFree>;

// Tells a file from what was at its path before, behind any number of links: all zero when there is none.
struct FileStamp {
  std::uint64_t device = 0;
  std::uint64_t inode = 0;
  std::int64_t size = 0;
  std::int64_t changed = 0;  // ns; other than the time of the last writing, nobody can set it back
  bool operator==(const FileStamp&) const = default;
};
using FileStamps = std::array<FileStamp, 2>;

FileStamps stamps_of(const CertificateFiles& files);

// Files as they were when the stamps were taken, or later.
struct CertificatePair {
  CertificateFiles files;
  FileStamps stamps;
  std::shared_ptr<SSL_CTX> context;  // shared: with names that no renewed certificate is for, see renew()
};

// Blocks. Throws Error{invalid_argument} with a sentence for the operator.
CertificatePair load(const CertificateFiles& files);

// OpenSSL's side of the certificates: which of them speaks for which name. Lives on one thread, longer than the
// connections it made.
class Certificates {
 public:
  // Throws as load() does.
  explicit Certificates(const std::vector<CertificateFiles>& files);
  Certificates(const Certificates&) = delete;
  Certificates& operator=(const Certificates&) = delete;

  const std::vector<CertificatePair>& pairs() const { return pairs_; }
  // Whether one of them is for the name. For every thread.
  bool cover(const std::string& name) const;
  // Shakes hands for the name, when one of them is for it.
  void add(const std::string& name);
  // Puts a pair into the place of another: connections go on with what they have, and so do the names that none of the
  // pairs is for any more, which it returns.
  std::vector<std::string> renew(std::size_t number, CertificatePair pair);
  // What is to shake hands with who connected; the descriptor stays the caller's. Empty: no memory.
  Ssl greet(int socket) const;
  // The name that was asked for, after a handshake.
  static const std::string& name_of(const SSL& ssl);

 private:
  struct Named {
    std::shared_ptr<SSL_CTX> context;
    std::size_t number = 0;
  };

  std::shared_ptr<SSL_CTX> context_for(const std::string& name) const;
  static int choose(SSL* ssl, int* alert, void* certificates);

  std::vector<CertificatePair> pairs_;
  mutable std::mutex pairs_lock_;  // for cover() on another thread; there is one thread that changes them
  std::map<std::string, Named> names_;
};

}  // namespace berth::doors::tcp
