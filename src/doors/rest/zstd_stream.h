// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>
#include <string_view>

struct ZSTD_CCtx_s;

namespace berth::doors::rest {

// One zstd frame with a checksum (RFC 8878), piece by piece. Lives in the task that writes it.
class ZstdStream {
 public:
  ZstdStream();
  ~ZstdStream();
  ZstdStream(const ZstdStream&) = delete;
  ZstdStream& operator=(const ZstdStream&) = delete;
  // What is ready of the compressed bytes; may be empty.
  std::string add(std::string_view bytes);
  // The rest, with the end of the frame.
  std::string finish();

 private:
  std::string run(std::string_view bytes, bool end);
  ZSTD_CCtx_s* context_;
};

}  // namespace berth::doors::rest
