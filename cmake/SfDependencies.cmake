# Everything comes from the distribution; scripts/setup.sh installs it.
find_package(PkgConfig REQUIRED)
find_package(Threads REQUIRED)
find_package(ZLIB REQUIRED)
find_package(OpenSSL REQUIRED COMPONENTS Crypto)
find_package(LibXml2 REQUIRED)
pkg_check_modules(JANSSON REQUIRED IMPORTED_TARGET jansson)
pkg_check_modules(XXHASH REQUIRED IMPORTED_TARGET libxxhash)
find_package(HDF5 REQUIRED COMPONENTS C)
pkg_check_modules(PROTOBUF_C REQUIRED IMPORTED_TARGET libprotobuf-c)
find_program(SF_PROTOC_C NAMES protoc-c REQUIRED)

find_program(SF_LLVM_CONFIG NAMES llvm-config-19 REQUIRED)
execute_process(COMMAND ${SF_LLVM_CONFIG} --includedir --libdir --bindir
  OUTPUT_VARIABLE sf_llvm OUTPUT_STRIP_TRAILING_WHITESPACE)
string(REPLACE "\n" ";" sf_llvm "${sf_llvm}")
list(GET sf_llvm 0 SF_LLVM_INCLUDE_DIR)
list(GET sf_llvm 1 SF_LLVM_LIB_DIR)
list(GET sf_llvm 2 SF_LLVM_BIN_DIR)
find_library(SF_LLVM_LIBRARY NAMES LLVM-19 PATHS ${SF_LLVM_LIB_DIR}
  NO_DEFAULT_PATH REQUIRED)

# Tests: the distribution's Python has numpy and h5py for the oracles. Without
# these the programs are built and the tests are not (scripts/setup.sh --tests).
pkg_check_modules(CMOCKA IMPORTED_TARGET cmocka)
find_program(SF_PYTHON NAMES python3 PATHS /usr/bin NO_DEFAULT_PATH)
if(CMOCKA_FOUND AND SF_PYTHON)
  set(SF_TESTS ON)
else()
  set(SF_TESTS OFF)
  message(STATUS "Tests are off: scripts/setup.sh --tests installs what they need")
endif()
