# Language, warnings, sanitizers, where things are built.
set(CMAKE_C_STANDARD 17)
set(CMAKE_C_STANDARD_REQUIRED ON)
set(CMAKE_C_EXTENSIONS OFF)
set(CMAKE_CXX_STANDARD 17)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
set(CMAKE_RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/bin)
set(CMAKE_LIBRARY_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/lib)
set(CMAKE_ARCHIVE_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/lib)
set(CMAKE_BUILD_RPATH_USE_ORIGIN ON)
set(CMAKE_INSTALL_RPATH "$ORIGIN/../lib")
if(NOT CMAKE_BUILD_TYPE)
  set(CMAKE_BUILD_TYPE Release CACHE STRING "" FORCE)
endif()

find_program(SF_CCACHE ccache)
if(SF_CCACHE)
  set(CMAKE_C_COMPILER_LAUNCHER ${SF_CCACHE})
endif()

add_compile_definitions(_GNU_SOURCE)
# Paths in assertions and debug information do not name the build machine. And no
# contraction: f32 is IEEE, each operation rounded once (docs/ir.md 1).
add_compile_options(-ffile-prefix-map=${CMAKE_SOURCE_DIR}/=
  -fno-strict-aliasing -ffp-contract=off)
set(SF_WARNINGS -Wall -Wextra -Wpedantic -Wshadow -Wconversion
  -Wstrict-prototypes -Wmissing-prototypes)
if(SF_WERROR)
  list(APPEND SF_WARNINGS -Werror)
endif()
if(SF_SANITIZE)
  add_compile_options(-fsanitize=${SF_SANITIZE} -fno-sanitize-recover=all
    -fno-omit-frame-pointer)
  add_link_options(-fsanitize=${SF_SANITIZE})
endif()
# Coverage for libFuzzer, which finds its way by it; the sanitizers' run-time has
# the functions that this calls.
if(SF_FUZZ)
  add_compile_options(-fsanitize=fuzzer-no-link)
endif()
if(SF_HOSTILE)
  add_compile_definitions(SF_HOSTILE=1)
endif()
