# SPDX-License-Identifier: Apache-2.0
# A plant is a bug on purpose: tests/plants/NAME.plant names a source file, a
# line of it, what the line becomes, and the tests that must then fail.
# -DLOCKBUS_PLANT=NAME compiles the changed copy in place of the file; the
# sources themselves never hold test code. script/plants runs them all without
# it, quicker: it compiles the changed object beside a build without a bug.
#
#   file: lib/gate/proof.c
#   find: <text that occurs exactly once>
#   with: <what replaces it>
#   test: <regular expression of ctest names, one of which must fail>
#   case: <one case of it, may be left out>
set(LB_PLANT_FILE "")
if(LOCKBUS_PLANT)
  set(plant ${PROJECT_SOURCE_DIR}/tests/plants/${LOCKBUS_PLANT}.plant)
  execute_process(
    COMMAND ${PROJECT_SOURCE_DIR}/script/plant-apply ${plant}
            ${PROJECT_SOURCE_DIR} ${PROJECT_BINARY_DIR}/planted
    OUTPUT_VARIABLE LB_PLANT_FILE OUTPUT_STRIP_TRAILING_WHITESPACE
    COMMAND_ERROR_IS_FATAL ANY)
  set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${plant})
endif()

function(lb_planted_sources out)
  set(result "")
  foreach(source ${ARGN})
    cmake_path(ABSOLUTE_PATH source BASE_DIRECTORY ${CMAKE_CURRENT_SOURCE_DIR}
               OUTPUT_VARIABLE full)
    cmake_path(RELATIVE_PATH full BASE_DIRECTORY ${PROJECT_SOURCE_DIR}
               OUTPUT_VARIABLE short)
    if(LB_PLANT_FILE STREQUAL short)
      list(APPEND result ${PROJECT_BINARY_DIR}/planted/${short})
    else()
      list(APPEND result ${source})
    endif()
  endforeach()
  set(${out} "${result}" PARENT_SCOPE)
endfunction()
