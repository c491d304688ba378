/* nir_writer.c - the NIR writer: network, nodes and edges, conventions, file.
 */
#include "frontend/nir/nir_write.h"

#include "frontend/nir/nir_reader.h"

/* A fresh try with other cycles. */
static sf_result try_cycles(nir_export *export, nir_out_cycles cycles,
                            sf_h5_stream *stream, bool *out_same) {
  sf_network *network = export->network;
  *export = (nir_export){.network = network,
                         .diag = export->diag,
                         .arena = export->arena,
                         .cycles = cycles,
                         .out = export->out,
                         .own_dt = !(network->dt > 0)};
  export->dt = export->own_dt ? 1 : network->dt;
  export->names.arena = export->arena;
  *out_same = false;
  sf_h5_stream_destroy(stream);
  SF_TRY(sf_nir_write_graph(export));
  if (export->clashes) return SF_OK;
  SF_TRY(sf_nir_write_conventions(export));
  SF_TRY(sf_nir_write_stream(export, stream));
  if (stream->too_large)
    return sf_error(export->diag, SF_DIAG_FILE_LIMIT, network->loc,
                    "the network needs more than %llu bytes of data, or more "
                    "than %d groups and datasets: readers take no such file",
                    (unsigned long long)SF_H5_DATA_MAX, (int)SF_H5_OBJECTS_MAX);
  if (stream->bytes.failed) return SF_OOM;
  return sf_nir_write_check(export, stream, out_same);
}

static sf_result make_stream(nir_export *export, sf_h5_stream *stream) {
  bool same = false;
  for (int cycles = NIR_CYCLES_NEURON; cycles <= NIR_CYCLES_DELAY && !same;
       cycles++)
    SF_TRY(try_cycles(export, (nir_out_cycles)cycles, stream, &same));
  if (same) return SF_OK;
  return sf_error(export->diag, SF_DIAG_EXPORT, export->network->loc,
                  "a cycle of the network would be read back otherwise");
}

sf_result sf_nir_write(sf_network *network, const char *path, sf_diag *diag,
                       sf_export *out) {
  nir_export export = {.network = network, .diag = diag, .out = out};
  export.arena = sf_arena_create();
  if (!export.arena) return SF_OOM;
  sf_h5_stream stream = {0};
  sf_result result = make_stream(&export, &stream);
  if (result == SF_FAIL && export.refusals > NIR_REPORTED_MAX)
    sf_note(diag, network->loc, "%u more faults were found",
            export.refusals - NIR_REPORTED_MAX);
  if (result == SF_OK) result = sf_h5_stream_write(&stream, path, diag);
  out->choices = export.choices.items;
  out->choice_count = export.choices.count;
  if (result == SF_OK) sf_nir_give_warnings(&export);
  sf_h5_stream_destroy(&stream);
  sf_arena_destroy(export.arena);
  return result;
}
