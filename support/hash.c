/* hash.c - digests of bytes and files. */
#include "support/hash.h"
#include "support/file.h"

#include <openssl/evp.h>
#include <xxhash.h>

void sf_sha256(const void *bytes, size_t size, char out[65]) {
  static const char hex[] = "0123456789abcdef";
  unsigned char digest[EVP_MAX_MD_SIZE];
  unsigned length = 0;
  out[0] = 0;
  if (!EVP_Digest(bytes, size, digest, &length, EVP_sha256(), NULL) ||
      length != 32)
    return;
  for (unsigned i = 0; i < 32; i++) {
    out[2 * i] = hex[digest[i] >> 4];
    out[2 * i + 1] = hex[digest[i] & 15];
  }
  out[64] = 0;
}

sf_result sf_sha256_file(const char *path, sf_diag *diag, char out[65]) {
  sf_mapped_file file;
  SF_TRY(sf_file_map(path, diag, &file));
  sf_sha256(file.data, file.size, out);
  sf_file_unmap(&file);
  return out[0] ? SF_OK : SF_OOM;
}

uint64_t sf_hash(const void *bytes, size_t size) {
  return XXH3_64bits(bytes, size);
}
