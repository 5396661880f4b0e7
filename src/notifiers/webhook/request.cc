// SPDX-License-Identifier: Apache-2.0
#include "notifiers/webhook/request.h"

#include <curl/curl.h>

#include <algorithm>
#include <array>
#include <fstream>
#include <iterator>
#include <memory>
#include <sstream>

#include "base/error.h"

namespace berth::notifiers::webhook {
namespace {

constexpr std::size_t largest_answer = 64UL * 1024;

struct Cleanup {
  void operator()(CURL* handle) const { curl_easy_cleanup(handle); }
  void operator()(curl_slist* list) const { curl_slist_free_all(list); }
  void operator()(CURLU* url) const { curl_url_cleanup(url); }
};

void begin_library() {
  static const bool begun = curl_global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK;
  if (!begun) {
    throw Error(ErrorKind::unavailable, "libcurl cannot be used");
  }
}

std::size_t take(const char* bytes, std::size_t /*one*/, std::size_t length, void* into) {
  auto& text = *static_cast<std::string*>(into);
  if (text.size() + length > largest_answer) {
    return 0;  // ends the transfer
  }
  text.append(bytes, length);
  return length;
}

int progress(void* stopped, curl_off_t /*total*/, curl_off_t /*now*/, curl_off_t /*up*/, curl_off_t /*done*/) {
  return *static_cast<const std::atomic<bool>*>(stopped) ? 1 : 0;
}

std::string part_of(CURLU* url, CURLUPart part) {
  char* text = nullptr;
  if (curl_url_get(url, part, &text, 0) != CURLUE_OK) {
    return {};
  }
  std::string copy = text;
  curl_free(text);
  return copy;
}

bool is_loopback(const std::string& host) {
  if (host == "localhost" || host == "[::1]") {
    return true;
  }
  return host.starts_with("127.") && host.find_first_not_of("0123456789.") == std::string::npos;
}

template <class T>
void set(CURL* handle, CURLoption option, T value) {
  if (curl_easy_setopt(handle, option, value) != CURLE_OK) {
    throw Error(ErrorKind::unavailable, "libcurl does not know what it is asked for");
  }
}

std::unique_ptr<curl_slist, Cleanup> headers_of(const Request& request) {
  std::unique_ptr<curl_slist, Cleanup> headers;
  std::vector<std::string> lines{"Content-Type: application/json", "Accept: application/json", "Expect:"};
  std::ranges::transform(request.headers, std::back_inserter(lines), &Secret::reveal);
  for (const std::string& line : lines) {
    curl_slist* longer = curl_slist_append(headers.get(), line.c_str());
    if (longer == nullptr) {
      throw std::bad_alloc();
    }
    static_cast<void>(headers.release());
    headers.reset(longer);
  }
  return headers;
}

}  // namespace

std::optional<std::string> fault_of_url(const std::string& url) {
  const std::unique_ptr<CURLU, Cleanup> parts(curl_url());
  if (!parts || curl_url_set(parts.get(), CURLUPART_URL, url.c_str(), 0) != CURLUE_OK) {
    return "is no address; write for example https://accounts.example.org/berth";
  }
  const std::string scheme = part_of(parts.get(), CURLUPART_SCHEME);
  if (!part_of(parts.get(), CURLUPART_USER).empty() || !part_of(parts.get(), CURLUPART_PASSWORD).empty()) {
    return "must not have a password in it; use the secret file";
  }
  if (scheme != "https" && (scheme != "http" || !is_loopback(part_of(parts.get(), CURLUPART_HOST)))) {
    return "must begin with https://, for nobody else may read what is sent there; http:// is for this host alone "
           "(127.0.0.1)";
  }
  return std::nullopt;
}

std::optional<std::string> fault_of_authorities(const std::string& file) {
  std::ifstream stream(file);
  std::ostringstream text;
  if (!stream || !(text << stream.rdbuf())) {
    return file + " cannot be read; put it there and make it readable for the user who runs berthd";
  }
  if (!text.view().contains("-----BEGIN CERTIFICATE-----")) {
    return file + " has no certificate in PEM form";
  }
  return std::nullopt;
}

Answer post(const Request& request) {
  begin_library();
  const auto left =
      std::chrono::duration_cast<std::chrono::milliseconds>(request.deadline - std::chrono::steady_clock::now());
  if (left.count() <= 0) {
    throw Error(ErrorKind::unavailable, "too many questions wait for an answer");
  }
  const std::unique_ptr<CURL, Cleanup> handle(curl_easy_init());
  const auto headers = headers_of(request);
  Answer answer;
  std::array<char, CURL_ERROR_SIZE> details{};
  CURL* curl = handle.get();
  set(curl, CURLOPT_URL, request.url.c_str());
  set(curl, CURLOPT_PROTOCOLS_STR, "http,https");
  set(curl, CURLOPT_HTTPHEADER, headers.get());
  set(curl, CURLOPT_POSTFIELDSIZE, static_cast<long>(request.body.size()));
  set(curl, CURLOPT_POSTFIELDS, request.body.c_str());
  set(curl, CURLOPT_FOLLOWLOCATION, 0L);
  set(curl, CURLOPT_ERRORBUFFER, details.data());
  if (!request.ca_file.empty()) {
    set(curl, CURLOPT_CAINFO, request.ca_file.c_str());  // the system's stay: they are a CAPATH as well
  }
  set(curl, CURLOPT_PROXY, "");
  set(curl, CURLOPT_NOSIGNAL, 1L);
  set(curl, CURLOPT_TIMEOUT_MS, static_cast<long>(left.count()));
  set(curl, CURLOPT_WRITEFUNCTION, &take);
  set(curl, CURLOPT_WRITEDATA, &answer.body);
  if (request.stopped) {
    set(curl, CURLOPT_NOPROGRESS, 0L);
    set(curl, CURLOPT_XFERINFOFUNCTION, &progress);
    set(curl, CURLOPT_XFERINFODATA, request.stopped.get());
  }
  const CURLcode code = curl_easy_perform(curl);
  if (code == CURLE_WRITE_ERROR) {
    throw Error(ErrorKind::unavailable, "its answer is larger than 64 KiB");
  }
  if (code == CURLE_PEER_FAILED_VERIFICATION) {
    throw Error(ErrorKind::unavailable, std::string("its certificate is not trusted: ") + details.data());
  }
  if (code != CURLE_OK) {
    throw Error(ErrorKind::unavailable, curl_easy_strerror(code));
  }
  curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &answer.status);
  return answer;
}

}  // namespace berth::notifiers::webhook
