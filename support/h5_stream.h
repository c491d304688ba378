/* clang-format off */
/* h5_stream.h - the flat stream that the helper sf-h5dump writes for an HDF5
 * file, and of which sf-h5pack makes one.
 *
 * All sides include this page and share no code. Everything is little-endian
 * and packed, without padding; records follow the header in the byte order of
 * the paths' links, a group before its members.
 *
 *   header   8 bytes  "SFH5DUMP"
 *            u32      version (SF_H5_VERSION)
 *   record   u32      tag: GROUP, DATASET or END
 *   GROUP    u32      bytes of the path
 *                     the path: "/layer/0", no terminator
 *   DATASET  u32      bytes of the path
 *            u32      kind (sf_h5_kind)
 *            u32      bytes of an element; 0 for STRING and OTHER
 *            u32      rank, 0 .. SF_H5_RANK_MAX
 *            u64      each dimension
 *            u64      bytes of the data
 *                     the path, then the data in C order. STRING: for each
 *                     element a u32 length and that many bytes. OTHER: a word
 *                     that names the class, such as "compound": a reader
 *                     complains only if it needs the dataset
 *   END      u64      number of records before it
 *            u64      FNV-1a, 64 bit, of all bytes before this field
 *
 * A stream without END is a crash of the helper, whatever its exit code. */
/* clang-format on */
#ifndef SF_SUPPORT_H5_STREAM_H
#define SF_SUPPORT_H5_STREAM_H

#include <stddef.h>
#include <stdint.h>

#define SF_H5_MAGIC "SFH5DUMP"

enum {
  SF_H5_VERSION = 1,
  SF_H5_TAG_GROUP = 1,
  SF_H5_TAG_DATASET = 2,
  SF_H5_TAG_END = 3,
  SF_H5_RANK_MAX = 8,
  SF_H5_PATH_MAX = 1024,     /* bytes */
  SF_H5_DEPTH_MAX = 16,      /* links from the root */
  SF_H5_OBJECTS_MAX = 65536, /* groups and datasets */
  SF_H5_STRING_MAX = 65536   /* bytes of one string */
};

/* Bytes of all data of one file, uncompressed; and of the file itself. */
#define SF_H5_DATA_MAX ((uint64_t)1 << 30)
#define SF_H5_FILE_MAX ((uint64_t)4 << 30)

typedef enum sf_h5_kind {
  SF_H5_INT = 1,   /* signed: 1, 2, 4 or 8 bytes */
  SF_H5_UINT = 2,  /* unsigned, enumerations and booleans */
  SF_H5_FLOAT = 3, /* 4 or 8 bytes; half precision arrives as 4 */
  SF_H5_STRING = 4,
  SF_H5_OTHER = 5
} sf_h5_kind;

#define SF_H5_FNV_START 0xcbf29ce484222325u
#define SF_H5_FNV_PRIME 0x100000001b3u

/* Exit codes of the helpers. Standard error has one line that says why. */
enum {
  SF_H5_EXIT_OK = 0,
  SF_H5_EXIT_REFUSED =
      1, /* the file: damaged, too large, a forbidden feature */
  SF_H5_EXIT_USAGE = 2,
  SF_H5_EXIT_SYSTEM = 5
};

#endif
