/* limits.c - what the process may use, whatever the file makes libhdf5 do. */
#include "tools/sf-h5dump/h5dump.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

enum { CPU_SECONDS = 20 }; /* damaged files can make libhdf5 loop for ever */
#define ADDRESS_SPACE ((rlim_t)3 << 30) /* data, twice, and libhdf5 itself */

#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define HAS_SHADOW_MEMORY 1 /* terabytes of address space, almost none used */
#endif
#endif
#if defined(__SANITIZE_ADDRESS__)
#define HAS_SHADOW_MEMORY 1
#endif
#ifndef HAS_SHADOW_MEMORY
#define HAS_SHADOW_MEMORY 0
#endif

void refuse(const char *path, const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  if (path) fprintf(stderr, "'%s' ", path);
  vfprintf(stderr, format, arguments);
  fputc('\n', stderr);
  va_end(arguments);
  /* Not exit: libhdf5 would close the file from inside its own call-backs. */
  _exit(SF_H5_EXIT_REFUSED);
}

static void limit(int resource, rlim_t value) {
  struct rlimit now;
  if (getrlimit((__rlimit_resource_t)resource, &now) != 0) return;
  if (now.rlim_max != RLIM_INFINITY && now.rlim_max < value) return;
  now.rlim_cur = now.rlim_max = value;
  setrlimit((__rlimit_resource_t)resource, &now);
}

void limit_process(void) {
  static const char *const variables[] = {
      "HDF5_PLUGIN_PATH", "HDF5_PLUGIN_PRELOAD", "HDF5_DRIVER",
      "HDF5_DEBUG",       "HDF5_VOL_CONNECTOR",  "HDF5_EXT_PREFIX",
      "HDF5_VDS_PREFIX"};
  for (size_t i = 0; i < sizeof variables / sizeof *variables; i++)
    unsetenv(variables[i]);
  setenv("HDF5_USE_FILE_LOCKING", "FALSE", 1);
  if (!HAS_SHADOW_MEMORY) limit(RLIMIT_AS, ADDRESS_SPACE);
  limit(RLIMIT_CPU, CPU_SECONDS);
  limit(RLIMIT_CORE, 0);
}
