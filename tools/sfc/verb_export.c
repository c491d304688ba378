/* verb_export.c - `sfc export MODEL --format F -o FILE`. */
#include "tools/sfc/sfc.h"

#include <ctype.h>
#include <string.h>

static json_t *choices_json(const sf_export *made) {
  json_t *rows = json_array();
  for (uint32_t i = 0; i < made->choice_count; i++) {
    const sf_choice *c = &made->choices[i];
    json_array_append_new(rows,
                          json_pack("{s:s,s:s,s:s}", "name", c->name, "value",
                                    c->value, "reason", c->reason));
  }
  return rows;
}

/* A word as a POSIX shell takes it back: in quotes if any byte needs them. */
static void print_word(const char *word) {
  bool plain = *word != '\0';
  for (const char *c = word; *c && plain; c++)
    plain = isalnum((unsigned char)*c) || strchr("_./-+=,:@%", *c);
  if (!plain) putchar('\'');
  for (const char *c = word; *c; c++)
    if (*c == '\'')
      fputs("'\\''", stdout);
    else
      putchar(*c);
  if (!plain) putchar('\'');
}

/* The command that reads the file as the network computes. */
static void print_command(const sf_export *made, const char *path) {
  fputs("read it back: sfc import ", stdout);
  print_word(path);
  for (uint32_t i = 0; i < made->choice_count; i++) {
    printf(" --%s ", made->choices[i].name);
    print_word(made->choices[i].value);
  }
  putchar('\n');
}

static sf_result export_loaded(sfc_session *session, const sfc_model *model) {
  const sfc_arguments *a = &session->arguments;
  sf_export made;
  sf_result result = sf_export_file(model->network, a->format, a->output,
                                    session->diag, &made);
  if (result == SF_OK && a->json) {
    sfc_print_json(json_pack("{s:s,s:s,s:o}", "output", a->output, "format",
                             a->format, "choices", choices_json(&made)));
  } else if (result == SF_OK) {
    for (uint32_t i = 0; i < made.choice_count; i++)
      printf("%s = %s: %s\n", made.choices[i].name, made.choices[i].value,
             made.choices[i].reason);
    printf("wrote %s\n", a->output);
    print_command(&made, a->output);
  }
  sf_export_destroy(&made);
  return result;
}

sf_result sfc_verb_export(sfc_session *session) {
  const sfc_arguments *a = &session->arguments;
  if (!a->format || !a->output)
    return sf_error(session->diag, SF_DIAG_USAGE, SF_NO_LOC,
                    "sfc export needs --format F and -o FILE");
  SF_TRY(sfc_model_keep(session));
  sfc_model model;
  sf_result result = sfc_model_load(session, a->positional, &model);
  if (result == SF_OK) result = export_loaded(session, &model);
  sfc_model_destroy(&model);
  return result;
}
