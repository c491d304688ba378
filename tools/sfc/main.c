/* main.c - `sfc VERB ...`: finds the verb, parses its options, maps results to
 * exit codes (docs/design.md 6). */
#include "support/process.h"
#include "tools/sfc/lists.h"
#include "tools/sfc/sfc.h"

#include <string.h>
#include <unistd.h>

static int finish(sfc_session *session, sf_result result) {
  if (result == SF_OOM)
    sf_error(session->diag, SF_DIAG_MEMORY, SF_NO_LOC, "out of memory");
  if (fflush(stdout) != 0 || ferror(stdout)) {
    sf_error(session->diag, SF_DIAG_FILE_WRITE, SF_NO_LOC,
             "standard output could not be written");
  }
  int code = sf_diag_exit_code(session->diag);
  if (result != SF_OK && code == 0) code = 70; /* failed without saying why */
  sf_diag_destroy(session->diag);
  return code;
}

static void remember_error(void *listener_data, const sf_diag_record *record) {
  sfc_session *session = listener_data;
  if (record->severity == SF_SEVERITY_ERROR) session->last_error = record->id;
}

bool sfc_last_error_is(const sfc_session *session, sf_diag_id id) {
  return session->last_error == id;
}

static int run_verb(const sfc_verb *verb, int argc, char **argv) {
  bool json = false;
  for (int i = 0; i < argc; i++)
    json = json || strcmp(argv[i], "--json") == 0;
  sfc_session session = {
      .diag = sf_diag_create(stderr, json ? SF_DIAG_JSON : SF_DIAG_TEXT),
      .terminal = isatty(STDOUT_FILENO) == 1};
  if (!session.diag) {
    fputs("sfc: out of memory\n", stderr);
    return 5;
  }
  sf_diag_listen(session.diag, remember_error, &session);
  sf_result result =
      sfc_arguments_parse(verb, argc, argv, session.diag, &session.arguments);
  if (result == SF_OK && session.arguments.help)
    sfc_print_help(verb);
  else if (result == SF_OK)
    result = verb->run(&session);
  return finish(&session, result);
}

/* Text that could not be written is an error whatever was asked for. */
static int printed(int code) {
  if (fflush(stdout) == 0 && !ferror(stdout)) return code;
  fputs("sfc: error: standard output could not be written [file-write]\n",
        stderr);
  return 5;
}

/* `sfc --list-passes` and its like, and `sfc MODEL` alone, which checks it. */
int main(int argc, char **argv) {
  if (argc < 2) {
    sfc_print_help(NULL);
    return printed(2);
  }
  const char *word = argv[1];
  if (strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0 ||
      strcmp(word, "help") == 0) {
    sfc_print_help(argc > 2 ? sfc_verb_find(argv[2]) : NULL);
    return printed(0);
  }
  if (strcmp(word, "--version") == 0) word = "version";
  int list_code = 0;
  if (sfc_list_print(word, argc > 2 && strcmp(argv[2], "--json") == 0,
                     &list_code)) {
    return printed(list_code);
  }
  const sfc_verb *verb = sfc_verb_find(word);
  if (verb) return run_verb(verb, argc - 2, argv + 2);
  if (word[0] != '-' && access(word, F_OK) == 0)
    return run_verb(sfc_verb_find("check"), argc - 1, argv + 1);
  fprintf(stderr, "sfc: error: '%s' is neither a verb nor a file [usage]\n",
          word);
  fputs("help: sfc --help lists the verbs\n", stderr);
  return 2;
}
