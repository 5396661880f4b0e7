// SPDX-License-Identifier: Apache-2.0
#include "doors/rest/zstd_stream.h"

#include <zstd.h>

#include "base/error.h"

namespace berth::doors::rest {

ZstdStream::ZstdStream() : context_(ZSTD_createCCtx()) {
  if (context_ == nullptr) {
    throw Error(ErrorKind::unavailable, "the host is out of memory");
  }
  ZSTD_CCtx_setParameter(context_, ZSTD_c_compressionLevel, 3);
  ZSTD_CCtx_setParameter(context_, ZSTD_c_checksumFlag, 1);
}

ZstdStream::~ZstdStream() { ZSTD_freeCCtx(context_); }

std::string ZstdStream::add(std::string_view bytes) { return run(bytes, false); }
std::string ZstdStream::finish() { return run({}, true); }

std::string ZstdStream::run(std::string_view bytes, bool end) {
  std::string compressed;
  std::string piece(ZSTD_CStreamOutSize(), '\0');
  ZSTD_inBuffer input{bytes.data(), bytes.size(), 0};
  for (;;) {
    ZSTD_outBuffer output{piece.data(), piece.size(), 0};
    const std::size_t left = ZSTD_compressStream2(context_, &output, &input, end ? ZSTD_e_end : ZSTD_e_continue);
    if (ZSTD_isError(left) != 0) {
      throw Error(ErrorKind::internal, "the archive could not be compressed");
    }
    compressed.append(piece, 0, output.pos);
    if (end ? left == 0 : input.pos == input.size) {
      return compressed;
    }
  }
}

}  // namespace berth::doors::rest
