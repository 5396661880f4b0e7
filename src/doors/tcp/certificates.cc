// SPDX-License-Identifier: Apache-2.0
#include "doors/tcp/certificates.h"

#include <openssl/err.h>
#include <openssl/x509v3.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <optional>
#include <set>
#include <string_view>
#include <utility>

#include "base/error.h"
#include "doors/tcp/server_name.h"

namespace berth::doors::tcp {
namespace {

[[noreturn]] void refuse(const std::string& sentence) { throw Error(ErrorKind::invalid_argument, sentence); }

// A key with a passphrase is a fault, and no question on the terminal.
int no_passphrase(char* /*into*/, int /*size*/, int /*writing*/, void* /*data*/) { return 0; }

void require_readable(const std::filesystem::path& file) {
  if (::access(file.c_str(), R_OK) != 0) {
    refuse(file.string() + " cannot be read; put it there and make it readable for the user who runs berthd");
  }
}

void require_private(const std::filesystem::path& file) {
  struct stat status{};
  if (::stat(file.c_str(), &status) != 0 || (status.st_mode & S_IRWXO) != 0) {
    refuse("the key " + file.string() +
           " is open to every user of this machine; take that away with chmod o= " + file.string());
  }
}

FileStamp stamp_of(const std::filesystem::path& file) {
  struct stat status{};
  if (::stat(file.c_str(), &status) != 0) {
    return {};
  }
  const auto& changed = status.st_ctim;
  return {.device = status.st_dev,
          .inode = status.st_ino,
          .size = status.st_size,
          .changed = changed.tv_sec * 1'000'000'000 + changed.tv_nsec};
}

bool is_for(SSL_CTX* context, const std::string& name) {
  return ::X509_check_host(::SSL_CTX_get0_certificate(context), name.data(), name.size(), 0, nullptr) == 1;
}

std::string no_certificate_for(const std::string& name) {
  return "no [[tls.certificate]] is for the name '" + name + "', which a service has in tls_names";
}

}  // namespace

FileStamps stamps_of(const CertificateFiles& files) { return {stamp_of(files.certificate), stamp_of(files.key)}; }

CertificatePair load(const CertificateFiles& files) {
  const FileStamps stamps = stamps_of(files);  // before the reading: a change meanwhile is seen by the next look
  require_readable(files.certificate);
  require_readable(files.key);
  require_private(files.key);
  std::shared_ptr<SSL_CTX> context(::SSL_CTX_new(::TLS_server_method()), ::SSL_CTX_free);
  if (!context) {
    throw Error(ErrorKind::exhausted, "OpenSSL could not be started");
  }
  ::SSL_CTX_set_min_proto_version(context.get(), TLS1_2_VERSION);
  ::SSL_CTX_set_options(context.get(), SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION);
  ::SSL_CTX_set_mode(context.get(),
                     SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER | SSL_MODE_RELEASE_BUFFERS);
  ::SSL_CTX_set_read_ahead(context.get(), 1);
  ::SSL_CTX_set_default_passwd_cb(context.get(), no_passphrase);
  if (::SSL_CTX_use_certificate_chain_file(context.get(), files.certificate.c_str()) != 1) {
    refuse(files.certificate.string() + " is no certificate in PEM form");
  }
  if (::SSL_CTX_use_PrivateKey_file(context.get(), files.key.c_str(), SSL_FILETYPE_PEM) != 1) {
    refuse(files.key.string() + " is no key in PEM form without a passphrase, or not that of " +
           files.certificate.string());
  }
  if (::SSL_CTX_check_private_key(context.get()) != 1) {
    refuse("the key " + files.key.string() + " is not that of " + files.certificate.string());
  }
  return {.files = files, .stamps = stamps, .context = std::move(context)};
}

Certificates::Certificates(const std::vector<CertificateFiles>& files) {
  for (const CertificateFiles& pair : files) {
    pairs_.push_back(load(pair));
    ::SSL_CTX_set_client_hello_cb(pairs_.back().context.get(), &Certificates::choose, this);
  }
}

std::shared_ptr<SSL_CTX> Certificates::context_for(const std::string& name) const {
  const auto found =
      std::ranges::find_if(pairs_, [&](const CertificatePair& pair) { return is_for(pair.context.get(), name); });
  return found == pairs_.end() ? nullptr : found->context;
}

bool Certificates::cover(const std::string& name) const {
  const std::scoped_lock lock(pairs_lock_);
  return context_for(name) != nullptr;
}

void Certificates::add(const std::string& name) {
  if (auto context = context_for(name)) {
    names_.try_emplace(name, Named{std::move(context), names_.size()});
  }
}

std::vector<std::string> Certificates::renew(std::size_t number, CertificatePair pair) {
  ::SSL_CTX_set_client_hello_cb(pair.context.get(), &Certificates::choose, this);
  {
    const std::scoped_lock lock(pairs_lock_);
    pairs_.at(number) = std::move(pair);
  }
  std::vector<std::string> left;
  for (auto& [name, named] : names_) {
    if (auto context = context_for(name)) {
      named.context = std::move(context);
    } else {
      left.push_back(name);
    }
  }
  return left;
}

std::vector<std::string> faults_of(const std::vector<CertificateFiles>& files, const std::set<std::string>& names) {
  std::vector<std::string> faults;
  std::set<std::string> left = names;
  for (const CertificateFiles& pair : files) {
    try {
      const CertificatePair loaded = load(pair);
      std::erase_if(left, [&](const std::string& name) { return is_for(loaded.context.get(), name); });
    } catch (const Error& error) {
      faults.emplace_back(error.what());
    }
  }
  if (faults.empty()) {  // the names may be those of one that could not be read
    for (const std::string& name : left) {
      faults.push_back(no_certificate_for(name));
    }
  }
  return faults;
}

// The greeting comes in one piece before anything is answered, and before a session is taken up again.
int Certificates::choose(SSL* ssl, int* alert, void* certificates) {
  const auto& names = static_cast<const Certificates*>(certificates)->names_;
  const unsigned char* extension = nullptr;
  std::size_t length = 0;
  if (::SSL_client_hello_get0_ext(ssl, TLSEXT_TYPE_server_name, &extension, &length) == 1) {
    const auto name = read_server_name({reinterpret_cast<const char*>(extension), length});
    const auto found = name ? names.find(*name) : names.end();
    if (found != names.end()) {
      ::SSL_set_SSL_CTX(ssl, found->second.context.get());
      // A session of one name is not taken up by another.
      ::SSL_set_session_id_context(ssl, reinterpret_cast<const unsigned char*>(&found->second.number),
                                   sizeof found->second.number);
      ::SSL_set_ex_data(ssl, 0, const_cast<std::string*>(&found->first));
      return SSL_CLIENT_HELLO_SUCCESS;
    }
  }
  *alert = SSL_AD_UNRECOGNIZED_NAME;
  return SSL_CLIENT_HELLO_ERROR;
}

Ssl Certificates::greet(int socket) const {
  Ssl ssl(::SSL_new(pairs_.front().context.get()));
  if (ssl && ::SSL_set_fd(ssl.get(), socket) != 1) {
    return {};
  }
  if (ssl) {
    ::SSL_set_accept_state(ssl.get());
  }
  return ssl;
}

const std::string& Certificates::name_of(const SSL& ssl) {
  return *static_cast<const std::string*>(::SSL_get_ex_data(&ssl, 0));
}

}  // namespace berth::doors::tcp
