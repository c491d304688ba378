/* board.c - the whole configuration: timing, inputs, layers, cores, then links.
 */
#include "tools/sf-loihi2-sim/code.h"
#include "tools/sf-loihi2-sim/core.h"
#include "tools/sf-loihi2-sim/link.h"

#include <string.h>

static sf_result read_bits(const sf_sim_document *document, const xmlNode *node,
                           uint32_t *bits) {
  const char *type;
  SF_TRY(sf_sim_text(document, node, "type", &type));
  *bits = 1;
  if (strcmp(type, "spike") == 0) return SF_OK;
  *bits = (uint32_t)(type[1] - '0');
  if (type[2]) *bits = *bits * 10 + (uint32_t)(type[2] - '0');
  if (*bits < 2 || *bits > 32)
    return sf_sim_bad(document, node, "type '%s' is not spike, i2 .. i32",
                      type);
  return SF_OK;
}

static sf_result read_input(const sf_sim_document *document,
                            const xmlNode *node, sf_sim_input *input) {
  uint32_t rank, dim[8];
  SF_TRY(sf_sim_text(document, node, "name", &input->name));
  SF_TRY(read_bits(document, node, &input->bits));
  SF_TRY(sf_sim_shape(document, node, &rank, dim, &input->elements));
  return sf_sim_read_outs(document, node, input->elements, &input->outs,
                          &input->out_count);
}

static sf_result read_inputs(const sf_sim_document *document,
                             sf_sim_board *board) {
  const xmlNode *root = document->root;
  board->input_count = sf_sim_child_count(root, "input");
  board->inputs =
      SF_NEW_ARRAY(board->arena, sf_sim_input, board->input_count + 1);
  if (!board->inputs) return SF_OOM;
  uint32_t i = 0;
  for (const xmlNode *n = sf_sim_child(root, "input"); n;
       n = sf_sim_next(n, "input"))
    SF_TRY(read_input(document, n, &board->inputs[i++]));
  return SF_OK;
}

static sf_result read_layers(const sf_sim_document *document,
                             sf_sim_board *board) {
  const xmlNode *root = document->root;
  board->layer_count = sf_sim_child_count(root, "layer");
  board->layers = SF_NEW_ARRAY(board->arena, sf_sim_layer, board->layer_count);
  if (!board->layers) return SF_OOM;
  uint32_t i = 0;
  for (const xmlNode *n = sf_sim_child(root, "layer"); n;
       n = sf_sim_next(n, "layer")) {
    sf_sim_layer *layer = &board->layers[i++];
    SF_TRY(sf_sim_text(document, n, "name", &layer->name));
    SF_TRY(read_bits(document, n, &layer->bits));
    SF_TRY(
        sf_sim_shape(document, n, &layer->rank, layer->dim, &layer->elements));
  }
  for (const xmlNode *n = sf_sim_child(root, "output"); n;
       n = sf_sim_next(n, "output")) {
    uint32_t layer;
    SF_TRY(sf_sim_number(document, n, "layer", board->layer_count - 1, &layer));
    board->layers[layer].output = true;
  }
  return SF_OK;
}

static uint32_t count_cores(const xmlNode *board_node) {
  uint32_t count = 0;
  for (const xmlNode *c = sf_sim_child(board_node, "chip"); c;
       c = sf_sim_next(c, "chip"))
    count += sf_sim_child_count(c, "core");
  return count;
}

/* Cores must be listed by chip, then id: found by bisection later. */
static sf_result read_cores(const sf_sim_document *document,
                            sf_sim_board *board) {
  const xmlNode *node = sf_sim_child(document->root, "board");
  board->core_count = count_cores(node);
  board->cores = SF_NEW_ARRAY(board->arena, sf_sim_core, board->core_count);
  if (!board->cores) return SF_OOM;
  uint32_t i = 0;
  for (const xmlNode *c = sf_sim_child(node, "chip"); c;
       c = sf_sim_next(c, "chip"))
    for (const xmlNode *n = sf_sim_child(c, "core"); n;
         n = sf_sim_next(n, "core"), i++) {
      sf_sim_core *core = &board->cores[i], *last = core - 1;
      SF_TRY(sf_sim_read_core(document, n, board, core));
      if (i && (core->chip < last->chip ||
                (core->chip == last->chip && core->id <= last->id)))
        return sf_sim_bad(document, n, "cores must be listed in order");
    }
  return SF_OK;
}

/* Each element of a layer is held by exactly one group. */
static sf_result check_tiling(const sf_sim_document *document,
                              const sf_sim_board *board, uint32_t layer,
                              uint8_t *seen) {
  uint64_t total = 0;
  for (uint32_t c = 0; c < board->core_count; c++)
    for (uint32_t g = 0; g < board->cores[c].group_count; g++) {
      const sf_sim_group *group = &board->cores[c].groups[g];
      if (group->layer != layer) continue;
      for (uint32_t n = 0; n < group->count; n++)
        total += !seen[group->element[n]]++;
    }
  if (total == board->layers[layer].elements) return SF_OK;
  return sf_sim_bad(document, sf_sim_child(document->root, "board"),
                    "the cores do not hold every neuron of layer '%s' once",
                    board->layers[layer].name);
}

static sf_result check_tilings(const sf_sim_document *document,
                               const sf_sim_board *board) {
  for (uint32_t layer = 0; layer < board->layer_count; layer++) {
    uint64_t held = 0;
    for (uint32_t c = 0; c < board->core_count; c++)
      for (uint32_t g = 0; g < board->cores[c].group_count; g++)
        if (board->cores[c].groups[g].layer == layer)
          held += board->cores[c].groups[g].count;
    if (held != board->layers[layer].elements)
      return sf_sim_bad(document, sf_sim_child(document->root, "board"),
                        "the cores hold %llu neurons of layer '%s', not %u",
                        (unsigned long long)held, board->layers[layer].name,
                        board->layers[layer].elements);
    sf_arena *scratch = sf_arena_create();
    uint8_t *seen =
        scratch ? SF_NEW_ARRAY(scratch, uint8_t, board->layers[layer].elements)
                : NULL;
    sf_result result =
        seen ? check_tiling(document, board, layer, seen) : SF_OOM;
    sf_arena_destroy(scratch);
    SF_TRY(result);
  }
  return SF_OK;
}

static sf_result read_board(const sf_sim_document *document,
                            sf_sim_board *board) {
  const xmlNode *timing = sf_sim_child(document->root, "timing");
  SF_TRY(sf_sim_text(document, document->root, "network", &board->network));
  SF_TRY(sf_sim_number(document, timing, "lag", SF_SIM_RANGE_MAX, &board->lag));
  SF_TRY(sf_sim_number(document, timing, "period", SF_SIM_RANGE_MAX,
                       &board->period));
  SF_TRY(read_inputs(document, board));
  SF_TRY(read_layers(document, board));
  SF_TRY(sf_sim_read_codes(document, board));
  SF_TRY(read_cores(document, board));
  SF_TRY(check_tilings(document, board));
  return sf_sim_link(document, board);
}

sf_result sf_sim_load(const char *directory, sf_diag *diag, sf_sim_board *out) {
  *out = (sf_sim_board){.arena = sf_arena_create()};
  if (!out->arena) return SF_OOM;
  sf_sim_document document;
  sf_result result =
      sf_sim_document_open(directory, out->arena, diag, &document);
  if (result == SF_OK) {
    result = read_board(&document, out);
    sf_sim_document_close(&document);
  }
  if (result != SF_OK) sf_sim_unload(out);
  return result;
}

void sf_sim_unload(sf_sim_board *board) {
  sf_arena_destroy(board->arena);
  *board = (sf_sim_board){0};
}
