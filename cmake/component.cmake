# SPDX-License-Identifier: Apache-2.0
# lb_component(NAME SOURCES a.c b.c [NEEDS base gate] [LINKS PkgConfig::X])
#
# A component is compiled once, into lb_NAME_obj, which the shared and the
# static library are made of; lb_NAME is the same objects as a static library
# for the tests, so that a unit test links only what its component needs.
function(lb_component name)
  cmake_parse_arguments(C "" "" "SOURCES;NEEDS;LINKS" ${ARGN})
  lb_planted_sources(C_SOURCES ${C_SOURCES})
  add_library(lb_${name}_obj OBJECT ${C_SOURCES})
  target_include_directories(lb_${name}_obj PRIVATE
    ${PROJECT_SOURCE_DIR}/lib ${PROJECT_SOURCE_DIR}/include)
  # A planted copy lies elsewhere and still finds the headers beside it; by
  # quotes only, since a header here may be called like one of the system's.
  target_compile_options(lb_${name}_obj PRIVATE
    "SHELL:-iquote ${CMAKE_CURRENT_SOURCE_DIR}")
  target_link_libraries(lb_${name}_obj PRIVATE lb_flags ${C_LINKS})
  add_library(lb_${name} STATIC $<TARGET_OBJECTS:lb_${name}_obj>)
  set_target_properties(lb_${name} PROPERTIES LINKER_LANGUAGE C)
  target_include_directories(lb_${name} PUBLIC
    ${PROJECT_SOURCE_DIR}/lib ${PROJECT_SOURCE_DIR}/include)
  foreach(need ${C_NEEDS})
    target_link_libraries(lb_${name} PUBLIC lb_${need})
  endforeach()
  target_link_libraries(lb_${name} PUBLIC ${C_LINKS})
  set_property(GLOBAL APPEND PROPERTY LB_COMPONENTS ${name})
  if(C_LINKS)
    set_property(GLOBAL APPEND PROPERTY LB_LINKS ${C_LINKS})
  endif()
endfunction()
