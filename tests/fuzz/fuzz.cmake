# SPDX-License-Identifier: Apache-2.0
# tests/fuzz/fuzz_TARGET.c hold LLVMFuzzerTestOneInput(). Any build replays
# the seeds of seeds/TARGET; clang's alone has the fuzzer, which goes on from
# them for a few seconds. script/fuzz goes on for longer.
set(seconds_each 5) # of 12 targets: about a minute in all
add_library(lb_fuzz STATIC fuzz/oracle.c fuzz/scene.c)
target_include_directories(lb_fuzz PUBLIC fuzz)
target_link_libraries(lb_fuzz PRIVATE lb_flags PUBLIC lb_support lb_gate)

add_executable(fuzz_seeds EXCLUDE_FROM_ALL fuzz/seeds.c)
target_link_libraries(fuzz_seeds PRIVATE lb_fuzz lb_cabinet lb_issue lb_flags
                      PkgConfig::CMOCKA)

file(GLOB sources CONFIGURE_DEPENDS fuzz/fuzz_*.c)
foreach(source ${sources})
  get_filename_component(name ${source} NAME_WE)
  string(REPLACE "fuzz_" "" target ${name})
  set(seeds ${CMAKE_CURRENT_SOURCE_DIR}/fuzz/seeds/${target})
  add_executable(replay_${target} ${source} fuzz/replay.c)
  target_link_libraries(replay_${target} PRIVATE lb_fuzz lb_cabinet lb_issue
                        lb_flags PkgConfig::CMOCKA)
  add_test(NAME fuzz_replay_${target} COMMAND replay_${target} ${seeds})
  set_tests_properties(fuzz_replay_${target} PROPERTIES TIMEOUT 60)
  if(CMAKE_C_COMPILER_ID STREQUAL "Clang" AND
     LOCKBUS_SANITIZE MATCHES "fuzzer-no-link")
    add_executable(${name} ${source})
    target_link_libraries(${name} PRIVATE lb_fuzz lb_cabinet lb_issue lb_flags
                          PkgConfig::CMOCKA)
    target_link_options(${name} PRIVATE -fsanitize=fuzzer)
    # What it finds is for script/fuzz to keep; here it begins at the seeds.
    add_test(NAME ${name}
             COMMAND ${name} -seed=1 -max_total_time=${seconds_each}
                     -max_len=4097 -timeout=10 -rss_limit_mb=1024 ${seeds})
    set_tests_properties(${name} PROPERTIES TIMEOUT 120 LABELS fuzz)
  endif()
endforeach()
