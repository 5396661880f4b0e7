// SPDX-License-Identifier: Apache-2.0
#include "doors/tcp/renewals.h"

#include <optional>
#include <utility>

#include "async/time_limit.h"
#include "base/error.h"

namespace berth::doors::tcp {
namespace {

struct Look {
  std::optional<CertificatePair> renewed;
  std::string fault;
};

Look look(const CertificateFiles& files, const FileStamps& known) {
  if (stamps_of(files) == known) {
    return {};
  }
  try {
    return {.renewed = load(files), .fault = {}};
  } catch (const Error& error) {
    return {.renewed = {}, .fault = error.what()};
  }
}

}  // namespace

Renewals::Renewals(Certificates& certificates, Milliseconds pause, Log log)
    : certificates_(certificates), pause_(pause), log_(std::move(log)), faults_(certificates.pairs().size()) {}

async::Task<> Renewals::follow() {
  for (;;) {
    co_await async::pause_for(pause_);
    for (std::size_t number = 0; number < faults_.size(); ++number) {
      co_await look_at(number);
    }
  }
}

async::Task<> Renewals::look_at(std::size_t number) {
  const CertificatePair& now = certificates_.pairs()[number];
  Look found = co_await pool_.run<Look>([files = now.files, stamps = now.stamps] { return look(files, stamps); });
  if (!found.fault.empty() && found.fault != faults_[number]) {
    log_("TLS goes on with the certificate it has, for the one there now cannot be used: " + found.fault);
  }
  faults_[number] = std::move(found.fault);
  if (found.renewed) {
    take(number, std::move(*found.renewed));
  }
}

void Renewals::take(std::size_t number, CertificatePair pair) {
  const std::string file = pair.files.certificate.string();
  const std::vector<std::string> left = certificates_.renew(number, std::move(pair));
  log_("TLS has taken the renewed certificate " + file);
  for (const std::string& name : left) {
    log_("no certificate is for the name '" + name + "' any more; TLS goes on with the one it had");
  }
}

}  // namespace berth::doors::tcp
