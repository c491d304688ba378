/* main.c - sf-check DIR: does an artefact keep what it promises? */
#include "sf/base.h"
#include "support/file.h"
#include "tools/sf-check/check.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char HELP[] =
    "usage: sf-check DIR [--machine M] [--json]\n"
    "\n"
    "Checks a compiled folder from its emitted files alone, without its IR "
    "and\n"
    "without the compiler: sizes and hashes of the manifest; on Loihi 2 the\n"
    "memory sums of every core, that every axon leads to a list, that routes\n"
    "are connected paths; on SpiNNaker2 that every key comes once to every PE\n"
    "that listens to it; and that channel ranks rise along every route, which\n"
    "proves them free of deadlock (certificate.txt).\n"
    "\n"
    "  --machine M  name or .xml of the machine, for one that only a file\n"
    "               describes\n"
    "  --json       one JSON object on standard output\n"
    "  --help, --version\n"
    "\n"
    "exit codes: 0 everything holds, 1 the folder is damaged, 2 usage,\n"
    "4 something does not hold, 5 the system\n";

typedef struct command {
  const char *directory, *machine;
  bool json, help, version;
} command;

static sf_result read_arguments(int argc, char **argv, sf_diag *diag,
                                command *out) {
  for (int i = 1; i < argc; i++) {
    if (strcmp(argv[i], "--json") == 0) {
      out->json = true;
    } else if (strcmp(argv[i], "--help") == 0) {
      out->help = true;
    } else if (strcmp(argv[i], "--version") == 0) {
      out->version = true;
    } else if (strcmp(argv[i], "--machine") == 0 && i + 1 < argc) {
      out->machine = argv[++i];
    } else if (argv[i][0] == '-') {
      return sf_error(diag, SF_DIAG_USAGE, SF_NO_LOC, "unknown option '%s'",
                      argv[i]);
    } else if (out->directory) {
      return sf_error(diag, SF_DIAG_USAGE, SF_NO_LOC,
                      "one folder at a time; '%s' is the second", argv[i]);
    } else {
      out->directory = argv[i];
    }
  }
  if (out->directory || out->help || out->version) return SF_OK;
  return sf_error(diag, SF_DIAG_USAGE, SF_NO_LOC,
                  "needs the folder of an artefact; see --help");
}

/* ---- Checks. ---- */

static sf_result open_certificate(sf_check *check) {
  char *path = sf_check_path(check, "certificate.txt");
  if (!path) return SF_OOM;
  sf_result result = SF_OK;
  if (!sf_path_exists(path)) {
    sf_check_fail(check, "certificate.txt", 0, "the file is missing");
    result = SF_FAIL;
  } else {
    result = sf_certificate_read(path, check->diag, &check->certificate);
  }
  free(path);
  if (result != SF_OK) return result;
  const char *machine = sf_certificate_machine(check->certificate);
  if (strcmp(machine, check->machine->name) != 0) {
    sf_check_fail(check, "certificate.txt", 2,
                  "it is for machine '%s', the artefact for '%s'", machine,
                  check->machine->name);
  }
  return SF_OK;
}

static sf_result run_checks(sf_check *check) {
  if (!sf_path_is_directory(check->directory)) {
    return sf_error(check->diag, SF_DIAG_FILE_OPEN, SF_NO_LOC,
                    "'%s' is not a folder", check->directory);
  }
  SF_TRY(sf_check_files(check));
  /* Targets without a network on chip, or that only list what they got. */
  if (!check->machine || strcmp(check->target, "null") == 0) return SF_OK;
  SF_TRY(open_certificate(check));
  if (strcmp(check->target, "loihi2") == 0 &&
      check->machine->family == SF_FAMILY_LOIHI2) {
    return sf_check_loihi2(check);
  }
  if (strcmp(check->target, "spinnaker2") == 0 &&
      check->machine->family == SF_FAMILY_SPINNAKER2) {
    return sf_check_spinnaker2(check);
  }
  return sf_error(check->diag, SF_DIAG_ARTEFACT, SF_NO_LOC,
                  "target '%s' does not run on machine '%s'", check->target,
                  check->machine->name);
}

/* ---- Answers. ---- */

static void collect(void *data, const sf_diag_record *record) {
  json_t *findings = data;
  if (record->severity != SF_SEVERITY_ERROR) return;
  json_array_append_new(findings,
                        json_pack("{s:s,s:s,s:s?,s:I}", "id",
                                  sf_diag_id_text(record->id), "message",
                                  record->message, "file", record->loc.file,
                                  "line", (json_int_t)record->loc.line));
}

static void print_json(const sf_check *check, json_t *findings) {
  bool holds = sf_diag_errors(check->diag) == 0;
  json_t *object = json_pack(
      "{s:b,s:s?,s:s?,s:I,s:I,s:I,s:I,s:I,s:I,s:O}", "ok", holds, "target",
      check->target, "machine", check->machine ? check->machine->name : NULL,
      "files", (json_int_t)check->files, "cores", (json_int_t)check->cores,
      "axons", (json_int_t)check->axons, "routes", (json_int_t)check->routes,
      "keys", (json_int_t)check->keys, "entries", (json_int_t)check->entries,
      "findings", findings);
  char *text = object ? json_dumps(object, JSON_INDENT(2)) : NULL;
  if (text) puts(text);
  free(text);
  json_decref(object);
}

static void print_text(const sf_check *check) {
  printf("%llu files as the manifest says\n", (unsigned long long)check->files);
  if (!check->certificate) return;
  printf("%llu cores on %s\n", (unsigned long long)check->cores,
         check->machine->name);
  if (check->machine->family == SF_FAMILY_LOIHI2) {
    printf("memory sums of every core hold\n"
           "%llu axons lead to lists that exist\n"
           "%llu routes reach their cores\n",
           (unsigned long long)check->axons, (unsigned long long)check->routes);
  } else {
    printf("%llu keys reach every PE that listens, once, by %llu entries\n",
           (unsigned long long)check->keys, (unsigned long long)check->entries);
  }
  printf("ranks of %zu channels rise along every route: no deadlock\n",
         sf_certificate_channels(check->certificate));
}

static int check_directory(const command *given, sf_diag *diag) {
  json_t *findings = json_array();
  sf_check check = {
      .directory = given->directory, .given = given->machine, .diag = diag};
  check.arena = sf_arena_create();
  if (!check.arena || !findings) {
    sf_arena_destroy(check.arena);
    json_decref(findings);
    return SF_CLASS_SYSTEM;
  }
  if (given->json) sf_diag_listen(diag, collect, findings);
  sf_result result = run_checks(&check);
  if (result == SF_OOM)
    sf_error(diag, SF_DIAG_MEMORY, SF_NO_LOC, "out of memory");
  if (given->json)
    print_json(&check, findings);
  else if (sf_diag_errors(diag) == 0)
    print_text(&check);
  sf_certificate_destroy(check.certificate);
  sf_machine_destroy(check.machine);
  sf_arena_destroy(check.arena);
  json_decref(findings);
  return sf_diag_exit_code(diag);
}

int main(int argc, char **argv) {
  sf_diag *diag = sf_diag_create(stderr, SF_DIAG_TEXT);
  if (!diag) return SF_CLASS_SYSTEM;
  command given = {0};
  int code = 0;
  if (read_arguments(argc, argv, diag, &given) != SF_OK)
    code = sf_diag_exit_code(diag);
  else if (given.help)
    fputs(HELP, stdout);
  else if (given.version)
    puts("sf-check " SF_VERSION);
  else
    code = check_directory(&given, diag);
  sf_diag_destroy(diag);
  if (fflush(stdout) == 0 || code != 0) return code;
  fputs("sf-check: error: standard output could not be written "
        "[file-write]\n",
        stderr);
  return SF_CLASS_SYSTEM;
}
