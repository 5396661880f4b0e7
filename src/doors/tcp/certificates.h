// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <openssl/ssl.h>

#include <cstddef>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "doors/tcp/tls_settings.h"

namespace berth::doors::tcp {

struct SslFree {
  void operator()(SSL* ssl) const { ::SSL_free(ssl); }
};
using Ssl = std::unique_ptr<SSL, SslFree>;

// OpenSSL's side of the certificates: which of them speaks for which name. Lives longer than the connections it made.
class Certificates {
 public:
  // Throws Error{invalid_argument} with a sentence for the operator.
  explicit Certificates(const std::vector<CertificateFiles>& files);
  Certificates(const Certificates&) = delete;
  Certificates& operator=(const Certificates&) = delete;

  // Whether one of them is for the name. For every thread.
  bool cover(const std::string& name) const;
  // Shakes hands for the name, when one of them is for it.
  void add(const std::string& name);
  // What is to shake hands with who connected; the descriptor stays the caller's. Empty: no memory.
  Ssl greet(int socket) const;
  // The name that was asked for, after a handshake.
  static const std::string& name_of(const SSL& ssl);

 private:
  struct ContextFree {
    void operator()(SSL_CTX* context) const { ::SSL_CTX_free(context); }
  };
  struct Named {
    SSL_CTX* context = nullptr;
    std::size_t number = 0;
  };

  static std::unique_ptr<SSL_CTX, ContextFree> load(const CertificateFiles& files);
  static int choose(SSL* ssl, int* alert, void* certificates);
  friend std::vector<std::string> faults_of(const std::vector<CertificateFiles>& files,
                                            const std::set<std::string>& names);

  std::vector<std::unique_ptr<SSL_CTX, ContextFree>> contexts_;
  std::map<std::string, Named> names_;
};

}  // namespace berth::doors::tcp
