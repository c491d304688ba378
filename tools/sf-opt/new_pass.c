/* new_pass.c - a pass to start from: the C file, its CMake file, its test. It
 * builds against the installed package, and its test passes. */
#include "support/buffer.h"
#include "support/file.h"
#include "tools/sf-opt/sf_opt.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* @NAME@ is the name of the pass, @ID@ the same with underscores. */
static const char pass_text[] =
    "/* @NAME@: count the ops of every network.\n"
    " *\n"
    " *   %a = add %x, %y : i8[4]     =>     the same\n"
    " *\n"
    " * A pass to start from: say here what the IR looks like before and "
    "after,\n"
    " * and why. This one changes nothing. */\n"
    "#include \"sf/plugin.h\"\n"
    "\n"
    "#include <stddef.h>\n"
    "\n"
    "enum { STAT_OPS };\n"
    "static const sf_stat stats[] = {{\"ops\", \"ops seen\"}, {0}};\n"
    "\n"
    "typedef struct @ID@_options {\n"
    "  int64_t limit;\n"
    "} @ID@_options;\n"
    "\n"
    "static const sf_option options[] = {\n"
    "    {.name = \"limit\",\n"
    "     .doc = \"most ops that a network may have\",\n"
    "     .kind = SF_OPTION_INT,\n"
    "     .default_text = \"1000000\",\n"
    "     .low = 1,\n"
    "     .high = 1000000000,\n"
    "     .offset = offsetof(@ID@_options, limit)},\n"
    "    {0}};\n"
    "\n"
    "static sf_result visit(sf_pass_run *run, const sf_network *network) {\n"
    "  int64_t limit = SF_PASS_OPTIONS(run, @ID@_options)->limit;\n"
    "  SF_FOREACH_OP(op, network) run->stats[STAT_OPS]++;\n"
    "  if (network->op_count <= limit) return SF_OK;\n"
    "  return sf_error(run->diag, SF_DIAG_IR_LIMIT, network->loc,\n"
    "                  \"network '@%s' has %u ops, the limit is %lld\",\n"
    "                  network->name, network->op_count, (long long)limit);\n"
    "}\n"
    "\n"
    "static sf_result run_pass(sf_pass_run *run) {\n"
    "  for (const sf_network *n = run->module->first_network; n; n = n->next) "
    "{\n"
    "    SF_TRY(visit(run, n));\n"
    "  }\n"
    "  return SF_OK;\n"
    "}\n"
    "\n"
    "static const sf_pass pass = {\n"
    "    .size = sizeof(sf_pass),\n"
    "    .abi = SF_ABI,\n"
    "    .name = \"@NAME@\",\n"
    "    .summary = \"count the ops of every network\",\n"
    "    .description = \"Changes nothing. Fails above a number of ops.\",\n"
    "    .keeps = SF_FACT_ANALOG_FREE | SF_FACT_QUANTIZED |\n"
    "             SF_FACT_SPIKING_NORMAL_FORM | SF_FACT_BALANCED |\n"
    "             SF_FACT_PARTITIONED | SF_FACT_PLACED | SF_FACT_ROUTED,\n"
    "    .exactness = SF_EXACT,\n"
    "    .options = options,\n"
    "    .options_size = sizeof(@ID@_options),\n"
    "    .stats = stats,\n"
    "    .run = run_pass,\n"
    "};\n"
    "\n"
    "SF_PLUGIN_ABI;\n"
    "\n"
    "sf_result sf_plugin_init(uint32_t host_abi, sf_registry *registry,\n"
    "                         sf_diag *diag) {\n"
    "  (void)host_abi;\n"
    "  return sf_registry_add_pass(registry, &pass, diag);\n"
    "}\n";

static const char cmake_text[] =
    "# cmake -B build -DCMAKE_PREFIX_PATH=<where spikeformer is installed>\n"
    "# cmake --build build && ctest --test-dir build\n"
    "cmake_minimum_required(VERSION 3.25)\n"
    "project(@ID@ LANGUAGES C)\n"
    "set(CMAKE_C_STANDARD 17)\n"
    "find_package(spikeformer REQUIRED)\n"
    "add_library(@ID@ MODULE @ID@.c)\n"
    "target_link_libraries(@ID@ PRIVATE spikeformer::spikeformer)\n"
    "\n"
    "enable_testing()\n"
    "find_program(SF_OPT sf-opt REQUIRED)\n"
    "find_program(FILECHECK NAMES FileCheck FileCheck-19\n"
    "  HINTS /usr/lib/llvm-19/bin REQUIRED)\n"
    "add_test(NAME @NAME@ COMMAND sh -c\n"
    "  \"'${SF_OPT}' '${CMAKE_CURRENT_SOURCE_DIR}/@ID@.sf' "
    "--load-pass-plugin='$<TARGET_FILE:@ID@>' --passes=@NAME@ | "
    "'${FILECHECK}' '${CMAKE_CURRENT_SOURCE_DIR}/@ID@.sf'\")\n";

static const char test_text[] =
    "// RUN: sf-opt %s --load-pass-plugin=%plugin --passes=@NAME@ | FileCheck "
    "%s\n"
    "\n"
    "// CHECK-LABEL: network @main\n"
    "// CHECK: %sum = add %x, %y : i9[4]\n"
    "module @test {\n"
    "  network @main(%x: i8[4], %y: i8[4]) -> (i9[4]) {\n"
    "    %sum = add %x, %y : i9[4]\n"
    "    return %sum\n"
    "  }\n"
    "}\n";

static bool is_name(const char *name) {
  if (name[0] < 'a' || name[0] > 'z' || strlen(name) > 64) return false;
  for (const char *c = name; *c; c++) {
    bool fine = (*c >= 'a' && *c <= 'z') || (*c >= '0' && *c <= '9');
    if (!fine && *c != '-') return false;
  }
  return true;
}

/* The template with its two words filled in. */
static void fill(sf_buffer *out, const char *template, const char *name) {
  for (const char *c = template; *c;) {
    bool dashes = strncmp(c, "@NAME@", 6) == 0;
    bool id = strncmp(c, "@ID@", 4) == 0;
    if (!dashes && !id) {
      sf_buffer_char(out, *c++);
      continue;
    }
    for (const char *n = name; *n; n++)
      sf_buffer_char(out, id && *n == '-' ? '_' : *n);
    c += dashes ? 6 : 4;
  }
}

typedef struct new_file {
  const char *name, *text; /* templates */
  char *path;              /* malloc'ed */
} new_file;

static sf_result write_file(const char *folder, const char *name,
                            new_file *file, sf_diag *diag) {
  sf_buffer text = {0}, base = {0};
  fill(&text, file->text, name);
  fill(&base, file->name, name);
  file->path = base.failed ? NULL : sf_path_join(folder, base.data);
  sf_result result = SF_OOM;
  if (file->path && !text.failed)
    result = sf_file_write(file->path, text.data, text.size, diag);
  sf_buffer_destroy(&base);
  sf_buffer_destroy(&text);
  return result;
}

/* All three or none. */
static sf_result write_files(const char *folder, const char *name,
                             sf_diag *diag) {
  new_file files[] = {{"@ID@.c", pass_text, NULL},
                      {"CMakeLists.txt", cmake_text, NULL},
                      {"@ID@.sf", test_text, NULL}};
  sf_result result = SF_OK;
  for (size_t i = 0; i < SF_COUNT_OF(files) && result == SF_OK; i++)
    result = write_file(folder, name, &files[i], diag);
  for (size_t i = 0; i < SF_COUNT_OF(files); i++) {
    if (result == SF_OK)
      printf("%s\n", files[i].path);
    else if (files[i].path)
      unlink(files[i].path);
    free(files[i].path);
  }
  return result;
}

static sf_result check_empty(const char *folder, sf_diag *diag) {
  char **names = NULL;
  size_t count = 0;
  SF_TRY(sf_list_directory(folder, diag, &names, &count));
  for (size_t i = 0; i < count; i++)
    free(names[i]);
  free(names);
  if (count == 0) return SF_OK;
  return sf_error(diag, SF_DIAG_USAGE, SF_NO_LOC,
                  "folder '%s' is not empty; nothing is written", folder);
}

sf_result sf_opt_new_pass(const char *name, const char *folder, sf_diag *diag) {
  if (!is_name(name)) {
    return sf_error(diag, SF_DIAG_USAGE, SF_NO_LOC,
                    "a pass is named with small letters, digits and dashes, "
                    "got '%s'",
                    name);
  }
  bool made = !sf_path_exists(folder);
  SF_TRY(sf_make_directory(folder, diag));
  SF_TRY(check_empty(folder, diag));
  sf_result result = write_files(folder, name, diag);
  if (result != SF_OK && made) rmdir(folder);
  return result;
}
