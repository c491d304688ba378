/* parse.c - `a,b{key=value},@loihi2` to steps.
 *
 *   pipeline = [ item { "," item } ] ;   item = "@" name | name [ options ] ;
 *   options  = "{" [ name "=" value { ("," | " ") name "=" value } ] "}" ;
 *   value    = characters without , } " and spaces, or "quoted" ;
 *
 * White space is free between tokens. */
#include "passes/manager/manager.h"

#include <stdlib.h>
#include <string.h>

enum { NESTING_MAX = 4 }; /* named pipelines inside named pipelines */

typedef struct pipeline_parser {
  sf_pipeline *pipeline;
  const char *text, *at;
  sf_diag *diag;
  unsigned depth;
} pipeline_parser;

static sf_result parse_text(sf_pipeline *pipeline, const char *text,
                            unsigned depth, sf_diag *diag);

static bool is_space(char c) {
  return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

static void skip_space(pipeline_parser *p) {
  while (is_space(*p->at))
    p->at++;
}

static bool is_name_char(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
         (c >= '0' && c <= '9') || c == '-' || c == '_' || c == '.';
}

/* Expected `what` at the current place, with a caret under it. */
static sf_result syntax_error(pipeline_parser *p, const char *what) {
  size_t column = (size_t)(p->at - p->text) + 1;
  char found[4] = {'\'', *p->at, '\'', 0};
  sf_error(p->diag, SF_DIAG_PIPELINE, SF_NO_LOC,
           "pipeline '%s', column %zu: expected %s, found %s", p->text, column,
           what, *p->at ? found : "the end");
  return SF_FAIL;
}

static sf_slice take_name(pipeline_parser *p) {
  const char *start = p->at;
  while (is_name_char(*p->at))
    p->at++;
  return (sf_slice){start, (size_t)(p->at - start)};
}

static sf_result take_value(pipeline_parser *p, sf_slice *out) {
  if (*p->at == '"') {
    const char *end = strchr(p->at + 1, '"');
    if (!end) return syntax_error(p, "a closing '\"' for this one");
    *out = (sf_slice){p->at + 1, (size_t)(end - p->at - 1)};
    p->at = end + 1;
    return SF_OK;
  }
  const char *start = p->at;
  while (*p->at && !is_space(*p->at) && !strchr(",}{=\"", *p->at))
    p->at++;
  *out = (sf_slice){start, (size_t)(p->at - start)};
  return out->size ? SF_OK : syntax_error(p, "a value");
}

static sf_result parse_option(pipeline_parser *p, sf_pipeline_step *step) {
  sf_slice name = take_name(p), value;
  if (!name.size) return syntax_error(p, "an option's name");
  skip_space(p);
  if (*p->at != '=') return syntax_error(p, "'='");
  p->at++;
  skip_space(p);
  SF_TRY(take_value(p, &value));
  return sf_pass_options_set(step->pass, step->options, name, value,
                             p->pipeline->arena, p->diag);
}

static sf_result parse_options(pipeline_parser *p, sf_pipeline_step *step) {
  p->at++; /* { */
  skip_space(p);
  while (*p->at != '}') {
    SF_TRY(parse_option(p, step));
    const char *before = p->at;
    skip_space(p);
    if (*p->at == ',') {
      p->at++;
      skip_space(p);
      if (*p->at == '}') return syntax_error(p, "an option's name");
    } else if (*p->at != '}' && p->at == before) {
      return syntax_error(p, "',' or '}'");
    }
  }
  p->at++;
  return SF_OK;
}

sf_result sf_pass_unknown(const sf_registry *registry, sf_slice name,
                          sf_diag *diag) {
  sf_error(diag, SF_DIAG_PASS_UNKNOWN, SF_NO_LOC, "no pass is named '%.*s'",
           (int)name.size, name.data);
  const char *nearest = sf_registry_nearest(registry, name);
  if (nearest)
    sf_help(diag, "did you mean '%s'?", nearest);
  else
    sf_help(diag, "'sf-opt --list-passes' prints all of them");
  return SF_FAIL;
}

static sf_pipeline_step *append_step(sf_pipeline *pipeline) {
  if (pipeline->count == pipeline->capacity) {
    size_t capacity = pipeline->capacity ? 2 * pipeline->capacity : 8;
    sf_pipeline_step *grown =
        realloc(pipeline->steps, capacity * sizeof *grown);
    if (!grown) return NULL;
    pipeline->steps = grown;
    pipeline->capacity = capacity;
  }
  sf_pipeline_step *step = &pipeline->steps[pipeline->count++];
  *step = (sf_pipeline_step){0};
  return step;
}

static sf_result parse_pass(pipeline_parser *p) {
  const char *start = p->at;
  sf_slice name = take_name(p);
  if (!name.size) return syntax_error(p, "the name of a pass");
  const sf_pass *pass = sf_registry_find(p->pipeline->registry, name);
  if (!pass) return sf_pass_unknown(p->pipeline->registry, name, p->diag);
  sf_pipeline_step *step = append_step(p->pipeline);
  if (!step) return SF_OOM;
  step->pass = pass;
  SF_TRY(sf_pass_options_default(pass, p->pipeline->arena, p->diag,
                                 &step->options));
  const char *end = p->at;
  skip_space(p);
  if (*p->at == '{') {
    SF_TRY(parse_options(p, step));
    end = p->at;
  }
  step->text = sf_arena_text(p->pipeline->arena,
                             (sf_slice){start, (size_t)(end - start)});
  return step->text ? SF_OK : SF_OOM;
}

static sf_result parse_named(pipeline_parser *p) {
  p->at++; /* @ */
  sf_slice name = take_name(p);
  const char *text = sf_named_pipeline(name);
  if (!text) {
    sf_error(p->diag, SF_DIAG_PIPELINE, SF_NO_LOC,
             "no pipeline is named '@%.*s'", (int)name.size, name.data);
    sf_help(p->diag, "'sf-opt --list-passes' prints the named pipelines");
    return SF_FAIL;
  }
  return parse_text(p->pipeline, text, p->depth + 1, p->diag);
}

static sf_result parse_text(sf_pipeline *pipeline, const char *text,
                            unsigned depth, sf_diag *diag) {
  pipeline_parser parser = {pipeline, text, text, diag, depth};
  if (depth > NESTING_MAX) {
    return sf_error(diag, SF_DIAG_PIPELINE, SF_NO_LOC,
                    "pipelines are nested too deeply");
  }
  skip_space(&parser);
  if (!*parser.at) return SF_OK;
  for (;;) {
    SF_TRY(*parser.at == '@' ? parse_named(&parser) : parse_pass(&parser));
    skip_space(&parser);
    if (!*parser.at) return SF_OK;
    if (*parser.at != ',') return syntax_error(&parser, "',' or the end");
    parser.at++;
    skip_space(&parser);
  }
}

sf_result sf_pipeline_parse(const sf_registry *registry, const char *text,
                            sf_diag *diag, sf_pipeline **out) {
  *out = NULL;
  sf_pipeline *pipeline = calloc(1, sizeof *pipeline);
  if (!pipeline) return SF_OOM;
  pipeline->registry = registry;
  pipeline->arena = sf_arena_create();
  sf_result result = SF_OOM;
  if (pipeline->arena) {
    pipeline->text =
        sf_arena_text(pipeline->arena, (sf_slice){text, strlen(text)});
    if (pipeline->text) result = parse_text(pipeline, text, 0, diag);
  }
  if (result != SF_OK) {
    sf_pipeline_destroy(pipeline);
    return result;
  }
  *out = pipeline;
  return SF_OK;
}

sf_result sf_pipeline_set_option(sf_pipeline *pipeline, const char *pass,
                                 const char *option, const char *value,
                                 sf_diag *diag) {
  sf_slice name = {option, strlen(option)}, text = {value, strlen(value)};
  bool found = false;
  for (size_t i = 0; i < pipeline->count; i++) {
    sf_pipeline_step *step = &pipeline->steps[i];
    sf_slice wanted = {pass, strlen(pass)};
    if (!sf_pass_name_equal(wanted, step->pass->name)) continue;
    found = true;
    SF_TRY(sf_pass_options_set(step->pass, step->options, name, text,
                               pipeline->arena, diag));
  }
  if (found) return SF_OK;
  return sf_error(diag, SF_DIAG_PIPELINE, SF_NO_LOC,
                  "'%s' asks for the pass '%s', which '%s' does not run",
                  option, pass, pipeline->text);
}

void sf_pipeline_destroy(sf_pipeline *pipeline) {
  if (!pipeline) return;
  sf_arena_destroy(pipeline->arena);
  free(pipeline->steps);
  free(pipeline);
}

char *sf_pipeline_text(const sf_pipeline *pipeline) {
  return strdup(pipeline->text);
}

size_t sf_pipeline_length(const sf_pipeline *pipeline) {
  return pipeline->count;
}
