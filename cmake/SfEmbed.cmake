# cmake -DINPUT=file -DOUTPUT=x.c -DSYMBOL=name -DHEADER=x.h -P SfEmbed.cmake
#   The bytes of a file as a C array `SYMBOL` of `SYMBOL_size` bytes, declared in
#   HEADER, which the caller writes. Paths do not enter the output.
file(READ ${INPUT} hex HEX)
string(LENGTH "${hex}" digits)
math(EXPR size "${digits} / 2")
string(REGEX REPLACE "([0-9a-f][0-9a-f])" "0x\\1," bytes "${hex}")
# 12 bytes a line.
string(REPEAT "0x[0-9a-f][0-9a-f]," 12 line)
string(REGEX REPLACE "(${line})" "\\1\n" bytes "${bytes}")
get_filename_component(name ${INPUT} NAME)
file(WRITE ${OUTPUT} "/* Generated from ${name}. */
#include \"${HEADER}\"
const unsigned char ${SYMBOL}[] = {
${bytes}};
const size_t ${SYMBOL}_size = ${size};
")
