# SPDX-License-Identifier: Apache-2.0
# Headers, both libraries, and what find_package and pkg-config read.
include(CMakePackageConfigHelpers)
set(LB_CMAKE_DIR ${CMAKE_INSTALL_LIBDIR}/cmake/lockbus)
set(LB_PC_REQUIRES "libsodium, libmodbus, libprotobuf-c, inih")
if(LOCKBUS_SERIAL)
  string(APPEND LB_PC_REQUIRES ", libserialport")
endif()

install(DIRECTORY include/lockbus DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}
        FILES_MATCHING PATTERN "*.h")
install(TARGETS lockbus EXPORT lockbus-targets
        LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR})
install(TARGETS lockbus_static EXPORT lockbus-static-targets
        ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR})
foreach(set targets static-targets)
  install(EXPORT lockbus-${set} NAMESPACE lockbus::
          DESTINATION ${LB_CMAKE_DIR})
endforeach()

configure_package_config_file(cmake/lockbus-config.cmake.in
  lockbus-config.cmake INSTALL_DESTINATION ${LB_CMAKE_DIR})
write_basic_package_version_file(lockbus-config-version.cmake
  COMPATIBILITY SameMinorVersion)
# The way from the .pc file to the prefix, so that a prefix given at install
# time, or a moved tree, is found.
file(RELATIVE_PATH LB_PC_PREFIX
     ${CMAKE_INSTALL_FULL_LIBDIR}/pkgconfig ${CMAKE_INSTALL_PREFIX})
configure_file(cmake/lockbus.pc.in lockbus.pc @ONLY)
install(DIRECTORY profiles/ DESTINATION ${CMAKE_INSTALL_DATADIR}/lockbus/profiles
        FILES_MATCHING PATTERN "*.ini")
install(FILES README.md CHANGELOG.md LICENSE
        DESTINATION ${CMAKE_INSTALL_DOCDIR})
install(DIRECTORY docs/ examples DESTINATION ${CMAKE_INSTALL_DOCDIR}
        FILES_MATCHING PATTERN "*.md" PATTERN "*.svg" PATTERN "*.c"
        PATTERN "*.ini" PATTERN "*.py" PATTERN "CMakeLists.txt")
install(FILES ${PROJECT_BINARY_DIR}/lockbus-config.cmake
              ${PROJECT_BINARY_DIR}/lockbus-config-version.cmake
        DESTINATION ${LB_CMAKE_DIR})
install(FILES ${PROJECT_BINARY_DIR}/lockbus.pc
        DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig)
