# sf_layer(NAME SOURCES ... DEPENDS layer ... LIBRARIES target ...)
#   One object library a folder, `sf_NAME`. DEPENDS is documentation that the
#   arrow test compares with the includes; objects are gathered in lib/.
function(sf_layer name)
  cmake_parse_arguments(arg "" "" "SOURCES;DEPENDS;LIBRARIES" ${ARGN})
  if(NOT arg_SOURCES) # a layer whose first file is still to be written
    file(WRITE ${CMAKE_CURRENT_BINARY_DIR}/empty.c
      "typedef int sf_layer_${name}_is_empty;\n")
    set(arg_SOURCES ${CMAKE_CURRENT_BINARY_DIR}/empty.c)
  endif()
  add_library(sf_${name} OBJECT ${arg_SOURCES})
  target_include_directories(sf_${name} PUBLIC ${CMAKE_SOURCE_DIR}/include
    ${CMAKE_SOURCE_DIR})
  target_compile_options(sf_${name} PRIVATE
    $<$<COMPILE_LANGUAGE:C>:${SF_WARNINGS}>)
  target_link_libraries(sf_${name} PUBLIC ${arg_LIBRARIES})
endfunction()

# sf_tool(NAME SOURCES ... LIBRARIES ...): a program in build/<preset>/bin.
function(sf_tool name)
  cmake_parse_arguments(arg "" "" "SOURCES;LIBRARIES" ${ARGN})
  add_executable(${name} ${arg_SOURCES})
  target_include_directories(${name} PRIVATE ${CMAKE_SOURCE_DIR}/include
    ${CMAKE_SOURCE_DIR})
  target_compile_options(${name} PRIVATE ${SF_WARNINGS})
  target_link_libraries(${name} PRIVATE ${arg_LIBRARIES})
  install(TARGETS ${name} RUNTIME DESTINATION bin)
endfunction()
