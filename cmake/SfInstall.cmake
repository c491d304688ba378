# Headers, libraries, tools, machine files, pkg-config file, CMake package, .deb.
include(GNUInstallDirs)
include(CMakePackageConfigHelpers)

install(DIRECTORY include/sf DESTINATION include)
install(FILES LICENSE DESTINATION share/doc/spikeformer)
# What `sfc demo` compiles: the network, its images, their licences.
install(DIRECTORY test/data/netx_mnist_mlp/ DESTINATION share/spikeformer/demo)

configure_file(cmake/spikeformer.pc.in spikeformer.pc @ONLY)
install(FILES ${CMAKE_BINARY_DIR}/spikeformer.pc DESTINATION lib/pkgconfig)

install(EXPORT spikeformer-targets NAMESPACE spikeformer::
  DESTINATION lib/cmake/spikeformer)
configure_package_config_file(cmake/spikeformer-config.cmake.in
  spikeformer-config.cmake INSTALL_DESTINATION lib/cmake/spikeformer)
# The C interface may change with the minor version until 1.0.
write_basic_package_version_file(spikeformer-config-version.cmake
  COMPATIBILITY SameMinorVersion)
install(FILES ${CMAKE_BINARY_DIR}/spikeformer-config.cmake
  ${CMAKE_BINARY_DIR}/spikeformer-config-version.cmake
  DESTINATION lib/cmake/spikeformer)

set(CPACK_GENERATOR DEB)
set(CPACK_PACKAGE_NAME spikeformer)
set(CPACK_PACKAGE_CONTACT "The SpikeFormer authors <spikeformer@localhost>")
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY ${PROJECT_DESCRIPTION})
set(CPACK_DEBIAN_PACKAGE_SECTION devel)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS_PRIVATE_DIRS ${CMAKE_BINARY_DIR}/lib)
set(CPACK_DEBIAN_PACKAGE_RECOMMENDS "lld-19, llvm-19, qemu-system-arm")
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_STRIP_FILES ON)
include(CPack)
