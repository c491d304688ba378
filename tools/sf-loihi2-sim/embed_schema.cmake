# Writes the bytes of INPUT as a C array to OUTPUT.
file(READ ${INPUT} hex HEX)
string(REGEX REPLACE "(..)" "0x\\1," bytes "${hex}")
string(REGEX REPLACE "(0x..,0x..,0x..,0x..,0x..,0x..,0x..,0x..,0x..,0x..,0x..,0x..,)"
  "\\1\n" bytes "${bytes}")
file(WRITE ${OUTPUT} "/* Generated from config.rng. */
#include \"tools/sf-loihi2-sim/chip.h\"

const unsigned char sf_sim_schema[] = {
${bytes}};
const size_t sf_sim_schema_size = sizeof sf_sim_schema;
")
