# Writes the bytes of INPUT as a C array to OUTPUT.
file(READ ${INPUT} hex HEX)
string(REGEX REPLACE "(..)" "0x\\1," bytes "${hex}")
string(REGEX REPLACE "((0x..,)(0x..,)(0x..,)(0x..,)(0x..,)(0x..,)(0x..,)(0x..,))"
  "\\1\n" bytes "${bytes}")
file(WRITE ${OUTPUT} "/* Generated from config.rng. */
#include \"tools/sf-check/loihi2.h\"

const unsigned char sf_check_loihi2_schema[] = {
${bytes}};
const size_t sf_check_loihi2_schema_size = sizeof sf_check_loihi2_schema;
")
