# SPDX-License-Identifier: Apache-2.0
# Tests that are not one .c file: scripts that run tools, independent slaves,
# cross builds. A component's lines stand together under a comment that says
# what they are for. Name programs by $<TARGET_FILE:...>, so that
# script/test-targets knows what to build.

# The issuing side on the command line: a key ceremony and a parcel.
if(TARGET lockbus_tool)
  add_test(NAME cli_issue COMMAND sh ${PROJECT_SOURCE_DIR}/tests/cli/issue.sh
           $<TARGET_FILE:lockbus_tool>
           ${PROJECT_SOURCE_DIR}/examples/cabinet.ini)
  add_test(NAME cli_usage COMMAND sh ${PROJECT_SOURCE_DIR}/tests/cli/usage.sh
           $<TARGET_FILE:lockbus_tool>
           ${PROJECT_SOURCE_DIR}/examples/cabinet.ini)
endif()

# The simulator: what the boards' makers published, the wire's time, and two
# masters that nobody here wrote.
if(TARGET lockbus_sim)
  foreach(test boards faults wire pymodbus_master mbpoll)
    add_test(NAME sim_${test}
             COMMAND /usr/bin/python3
                     ${PROJECT_SOURCE_DIR}/tests/sim/test_${test}.py
                     $<TARGET_FILE:lockbus_sim> ${PROJECT_SOURCE_DIR}/profiles)
    set_tests_properties(sim_${test} PROPERTIES TIMEOUT 120
                         ENVIRONMENT PYTHONDONTWRITEBYTECODE=1)
  endforeach()
  # The library's bus against a board out of pymodbus, and against ours.
  lb_test(sim/test_bus_peer.c LINKS lb_bus lb_os)
  add_dependencies(sim_test_bus_peer lockbus_sim)
  add_dependencies(scenario_test_faults lockbus_sim)
endif()

# Who is there, and how well the line carries it.
if(TARGET lockbus_tool AND TARGET lockbus_sim)
  add_test(NAME cli_scan
           COMMAND /usr/bin/python3
                   ${PROJECT_SOURCE_DIR}/tests/sim/test_scan.py
                   $<TARGET_FILE:lockbus_sim> ${PROJECT_SOURCE_DIR}/profiles
                   $<TARGET_FILE:lockbus_tool>)
  set_tests_properties(cli_scan PROPERTIES TIMEOUT 120
                       ENVIRONMENT PYTHONDONTWRITEBYTECODE=1)
endif()

# What fools libmodbus as it comes, and does not fool the library's bus.
lb_test(sim/test_sim_proc.c LINKS lb_os)
lb_test(sim/test_fooled.c LINKS lb_bus lb_os)
lb_test(sim/test_tcp_peer.c LINKS lb_bus lb_os)
lb_test(sim/test_libmodbus_slave.c LINKS lb_bus lb_os)

# Each profile with the simulator's board of its kind, and with others.
set(sources "")
foreach(file board crc door fault lctech level r421 waveshare wire xunming)
  list(APPEND sources ${PROJECT_SOURCE_DIR}/tools/sim/${file}.c)
endforeach()
lb_planted_sources(sources ${sources})
add_library(lb_board_bench STATIC sim/board_bench.c ${sources})
target_include_directories(lb_board_bench PUBLIC sim
                           ${PROJECT_SOURCE_DIR}/tools/sim)
target_compile_definitions(lb_board_bench PRIVATE
                           LB_SOURCE_DIR="${PROJECT_SOURCE_DIR}")
target_link_libraries(lb_board_bench PRIVATE lb_flags PkgConfig::CMOCKA
                      PUBLIC lb_bus lb_os)
lb_test(sim/test_profiles.c LINKS lb_board_bench)
lb_test(sim/test_hold.c LINKS lb_board_bench)

# The gate as a board's firmware would compile it.
add_test(NAME gate_freestanding
         COMMAND sh ${PROJECT_SOURCE_DIR}/tests/freestanding/build.sh
                 ${PROJECT_SOURCE_DIR}
                 ${PROJECT_BINARY_DIR}/freestanding)
set_tests_properties(gate_freestanding PROPERTIES SKIP_RETURN_CODE 77)

# Serial ports: adapters laid over /sys in a mount namespace (needs root), and
# a library without libserialport.
if(LOCKBUS_SERIAL)
  lb_test(os/test_serial.c LINKS lb_bus lb_os PkgConfig::SERIALPORT ${CMAKE_DL_LIBS})
  if(TARGET lockbus_tool)
    add_test(NAME os_ports COMMAND sh ${PROJECT_SOURCE_DIR}/tests/os/ports.sh
             $<TARGET_FILE:lockbus_tool>)
  endif()
endif()
lb_test(os/test_no_serial.c LINKS lb_os)
target_sources(os_test_no_serial PRIVATE ${PROJECT_SOURCE_DIR}/lib/os/no_serial.c)

# The Python binding: its generated module against the headers and against
# what this compiler makes of them; then a cabinet's story, whole.
add_test(NAME bindings_abi
         COMMAND /usr/bin/python3
                 ${PROJECT_SOURCE_DIR}/tests/bindings/test_abi.py
                 ${CMAKE_C_COMPILER} ${PROJECT_SOURCE_DIR})
set_tests_properties(bindings_abi PROPERTIES TIMEOUT 60
                     ENVIRONMENT PYTHONDONTWRITEBYTECODE=1)
# A library with a sanitizer in it loads only into a program that has that
# sanitizer too, which Python has not (it would want LD_PRELOAD of libasan and
# report Python's own leaks): this one is for builds without.
if(TARGET lockbus AND TARGET lockbus_sim AND NOT LOCKBUS_SANITIZE)
  add_test(NAME bindings_python
           COMMAND /usr/bin/python3
                   ${PROJECT_SOURCE_DIR}/tests/bindings/test_python.py
                   $<TARGET_FILE:lockbus_sim> ${PROJECT_SOURCE_DIR}/profiles
                   ${PROJECT_SOURCE_DIR}/bindings/python
                   $<TARGET_FILE:lockbus>)
  set_tests_properties(bindings_python PROPERTIES TIMEOUT 120
                       ENVIRONMENT PYTHONDONTWRITEBYTECODE=1)
endif()

# The live picture: where things go in any window, and what letters say.
if(TARGET lb_view)
  lb_test(unit/view/test_layout.c LINKS lb_view)
  lb_test(unit/view/test_draw.c LINKS lb_view lb_cabinet)
  lb_test(unit/view/test_picture.c LINKS lb_view lb_cabinet lb_issue)
endif()

# The same as a person sees it, on a pty.
if(TARGET lockbus_tool AND TARGET lockbus_sim)
  add_test(NAME cli_watch
           COMMAND /usr/bin/python3
                   ${PROJECT_SOURCE_DIR}/tests/cli/test_watch.py
                   $<TARGET_FILE:lockbus_tool> $<TARGET_FILE:lockbus_sim>
                   ${PROJECT_SOURCE_DIR}/profiles)
  set_tests_properties(cli_watch PROPERTIES TIMEOUT 300 COST 500
                       ENVIRONMENT PYTHONDONTWRITEBYTECODE=1)
endif()

# Every frame, as Wireshark reads it.
if(TARGET lockbus_tool AND TARGET lockbus_sim)
  add_test(NAME cli_trace
           COMMAND /usr/bin/python3
                   ${PROJECT_SOURCE_DIR}/tests/cli/test_trace.py
                   $<TARGET_FILE:lockbus_tool> $<TARGET_FILE:lockbus_sim>
                   ${PROJECT_SOURCE_DIR}/profiles)
  set_tests_properties(cli_trace PROPERTIES TIMEOUT 120
                       ENVIRONMENT PYTHONDONTWRITEBYTECODE=1)
endif()

# From commissioning to a proved map.
if(TARGET lockbus_tool AND TARGET lockbus_sim)
  add_test(NAME cli_commission
           COMMAND /usr/bin/python3
                   ${PROJECT_SOURCE_DIR}/tests/cli/test_commission.py
                   $<TARGET_FILE:lockbus_tool> $<TARGET_FILE:lockbus_sim>
                   ${PROJECT_SOURCE_DIR}/profiles)
  set_tests_properties(cli_commission PROPERTIES TIMEOUT 120
                       ENVIRONMENT PYTHONDONTWRITEBYTECODE=1)
endif()

# What a stranger is told first when something is not as it should be.
if(TARGET lockbus_tool AND TARGET lockbus_sim)
  add_test(NAME cli_complaints
           COMMAND sh ${PROJECT_SOURCE_DIR}/tests/cli/complaints.sh
                   $<TARGET_FILE:lockbus_tool> $<TARGET_FILE:lockbus_sim>
                   ${PROJECT_SOURCE_DIR}/examples/cabinet.ini
                   ${PROJECT_SOURCE_DIR}/profiles)
endif()

# docs/bench.md is that walk-through, word for word.
add_test(NAME docs_bench
         COMMAND /usr/bin/python3 ${PROJECT_SOURCE_DIR}/script/bench-page --check)
set_tests_properties(docs_bench PROPERTIES TIMEOUT 60)

# The README's walk-through, from keys to the journal's answer.
if(TARGET lockbus_tool AND TARGET lockbus_sim)
  add_test(NAME cli_bench COMMAND sh ${PROJECT_SOURCE_DIR}/tests/cli/bench.sh
           $<TARGET_FILE:lockbus_tool> $<TARGET_FILE:lockbus_sim>
           ${PROJECT_SOURCE_DIR}/profiles)
  add_test(NAME cli_offline COMMAND sh
           ${PROJECT_SOURCE_DIR}/tests/cli/offline.sh
           $<TARGET_FILE:lockbus_tool> $<TARGET_FILE:lockbus_sim>
           ${PROJECT_SOURCE_DIR}/profiles ${PROJECT_SOURCE_DIR}/docs/issuing.md)
  add_test(NAME cli_journal COMMAND sh
           ${PROJECT_SOURCE_DIR}/tests/cli/journal.sh
           $<TARGET_FILE:lockbus_tool> $<TARGET_FILE:lockbus_sim>
           ${PROJECT_SOURCE_DIR}/profiles)
  set(binding "") # see bindings_python
  if(TARGET lockbus AND NOT LOCKBUS_SANITIZE)
    set(binding ${PROJECT_SOURCE_DIR}/bindings/python $<TARGET_FILE:lockbus>)
  endif()
  add_test(NAME cli_examples COMMAND sh
           ${PROJECT_SOURCE_DIR}/tests/cli/examples.sh
           $<TARGET_FILE:lockbus_tool> $<TARGET_FILE:lockbus_sim>
           ${PROJECT_SOURCE_DIR}/profiles
           $<TARGET_FILE:example_issue_parcel>
           $<TARGET_FILE:example_open_with_key>
           $<TARGET_FILE:example_which_doors>
           $<TARGET_FILE:example_release_by_code> ${binding})
  set_tests_properties(cli_bench cli_offline cli_journal cli_examples
                       PROPERTIES TIMEOUT 120)
endif()

# What the demo's page escapes.
lb_test(unit/demo/test_html.c LINKS)
set(sources ${PROJECT_SOURCE_DIR}/tools/demo/html.c)
lb_planted_sources(sources ${sources})
target_sources(demo_test_html PRIVATE ${sources})
target_include_directories(demo_test_html PRIVATE
                           ${PROJECT_SOURCE_DIR}/tools/demo)

# The demo: on a terminal, as lines, and its page.
if(TARGET lockbus_demo AND TARGET lockbus_sim)
  add_test(NAME cli_demo COMMAND sh ${PROJECT_SOURCE_DIR}/tests/cli/demo.sh
           $<TARGET_FILE:lockbus_demo> $<TARGET_FILE:lockbus_sim>
           ${PROJECT_SOURCE_DIR}/profiles)
  set_tests_properties(cli_demo PROPERTIES TIMEOUT 180 COST 100
                       ENVIRONMENT PYTHONDONTWRITEBYTECODE=1)
endif()

# The cookbook's page against the scenarios that it shows.
add_test(NAME docs_cookbook
         COMMAND /usr/bin/python3
                 ${PROJECT_SOURCE_DIR}/tests/docs/test_cookbook.py
                 ${PROJECT_SOURCE_DIR})
set_tests_properties(docs_cookbook PROPERTIES TIMEOUT 60
                     ENVIRONMENT PYTHONDONTWRITEBYTECODE=1)

# The worked examples of two pages against what the code makes, read again by
# other people's cryptography.
add_executable(docs_examples docs/examples.c)
target_link_libraries(docs_examples PRIVATE lb_support lb_gate lb_journal
                      lb_flags)
add_test(NAME docs_examples
         COMMAND /usr/bin/python3
                 ${PROJECT_SOURCE_DIR}/tests/docs/test_examples.py
                 $<TARGET_FILE:docs_examples> ${PROJECT_SOURCE_DIR})
set_tests_properties(docs_examples PROPERTIES TIMEOUT 60
                     ENVIRONMENT PYTHONDONTWRITEBYTECODE=1)

# The power cut at every byte: the journal's folder is a disk in memory that
# writes down what it does, sums and signatures are remembered by their input,
# and it is known when a permit or a derivation goes out.
lb_test(power/test_powercut.c LINKS lb_cabinet lb_issue)
target_sources(power_test_powercut PRIVATE power/chapters.c power/explore.c
               power/image.c power/memo.c power/model.c power/tape.c)
target_link_options(power_test_powercut PRIVATE
  LINKER:--wrap=lb_dir_open,--wrap=lb_dir_close,--wrap=lb_dir_last_error
  LINKER:--wrap=lb_crypto_random,--wrap=lb_gate_permit,--wrap=lb_gate_derive
  LINKER:--wrap=lb_crypto_hash,--wrap=lb_crypto_mac,--wrap=lb_crc32c
  LINKER:--wrap=lb_crypto_verify,--wrap=lb_crypto_point_ok
  LINKER:--wrap=lb_crypto_public,--wrap=lb_block_is_zero)
set_tests_properties(power_test_powercut PROPERTIES COST 1000)

# What an attacker presents: script/attack presents all of it.
lb_test(attack/test_presented.c LINKS lb_gate)
lb_test(attack/test_codes.c LINKS lb_gate)

# Killed at every step: the journal's folder is a disk in memory whose calls
# are counted, and so are a code's derivations.
target_link_options(scenario_test_kill PRIVATE
  LINKER:--wrap=lb_dir_open,--wrap=lb_dir_close
  LINKER:--wrap=lb_dir_last_error,--wrap=lb_crypto_unseal)
set_tests_properties(scenario_test_kill PROPERTIES COST 500)

# Killed at every system call: random is the same each time.
target_link_options(fault_test_killed_process PRIVATE
  LINKER:--wrap=lb_crypto_random)

# Random that cannot be had.
foreach(test gate_test_edges journal_test_edges)
  target_link_options(${test} PRIVATE LINKER:--wrap=lb_crypto_random)
endforeach()

# Journals of many segments: here processes die, and power does not.
target_link_options(scenario_test_anchors PRIVATE
  LINKER:--wrap=fdatasync,--wrap=fsync,--wrap=lb_dir_remove)

# Secrets decide no branch and no address: memcheck looks at code without
# sanitizers, optimised as it is shipped.
find_program(VALGRIND valgrind REQUIRED)
set(sources "")
foreach(file base/bytes base/crypto base/random cabinet/derive journal/chain
        journal/crc32c journal/record)
  list(APPEND sources ${PROJECT_SOURCE_DIR}/lib/${file}.c)
endforeach()
file(GLOB gate CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/lib/gate/*.c)
lb_planted_sources(sources ${sources} ${gate})
add_executable(secret_constant_time secret/constant_time.c ${sources})
target_compile_options(secret_constant_time PRIVATE -std=c11 -O2 -g)
target_include_directories(secret_constant_time PRIVATE
  ${PROJECT_SOURCE_DIR}/lib ${PROJECT_SOURCE_DIR}/include)
target_link_libraries(secret_constant_time PRIVATE PkgConfig::SODIUM)
foreach(call crypto_pwhash_argon2id lb_crypto_same
        crypto_aead_xchacha20poly1305_ietf_decrypt)
  target_link_options(secret_constant_time PRIVATE LINKER:--wrap=${call})
endforeach()
add_test(NAME secret_constant_time
         COMMAND ${VALGRIND} --quiet $<TARGET_FILE:secret_constant_time>)
set_tests_properties(secret_constant_time PROPERTIES TIMEOUT 120)

# Which secrets there were is noted where they are made.
target_link_options(fault_test_wiped PRIVATE
  LINKER:--wrap=crypto_pwhash_argon2id,--wrap=lb_key_evolve)

# The n-th call of each kind fails.
foreach(call malloc calloc realloc modbus_new_rtu crypto_pwhash_argon2id write
        pwrite posix_fallocate fsync fdatasync read pread open openat renameat
        getrandom clock_gettime eventfd epoll_create1 timerfd_create
        socketpair)
  target_link_options(fault_test_failing_calls PRIVATE LINKER:--wrap=${call})
endforeach()

# What a code's derivations cost is counted, and where memory is short told.
target_link_options(scenario_test_code_time PRIVATE
  LINKER:--wrap=lb_crypto_unseal)

target_link_options(scenario_test_let_go PRIVATE
  LINKER:--wrap=lb_dir_open,--wrap=lb_dir_close
  LINKER:--wrap=lb_dir_last_error)

# An adapter whose driver refuses low latency.
target_link_options(scenario_test_lines PRIVATE
  LINKER:--wrap=lb_line_low_latency)

# One door of a commissioning walk, on the virtual clock.
set(sources ${PROJECT_SOURCE_DIR}/tools/lockbus/walk_door.c)
lb_planted_sources(sources ${sources})
target_sources(scenario_test_walk PRIVATE ${sources})
target_include_directories(scenario_test_walk PRIVATE
                           ${PROJECT_SOURCE_DIR}/tools/lockbus)

# These wait for a pty most of the time: they begin early, beside what counts.
foreach(test scenario_test_faults sim_faults sim_test_trouble cli_demo)
  if(TEST ${test})
    set_tests_properties(${test} PROPERTIES COST 400)
  endif()
endforeach()
foreach(test fault_test_killed_process scenario_test_walk
        scenario_test_restart scenario_test_cookbook_doors)
  set_tests_properties(${test} PROPERTIES COST 200)
endforeach()

# The plants' own machinery, on a small project.
add_test(NAME script_plants
         COMMAND /usr/bin/python3
                 ${PROJECT_SOURCE_DIR}/tests/script/test_plants.py
                 ${PROJECT_SOURCE_DIR})
set_tests_properties(script_plants PROPERTIES TIMEOUT 120 COST 200
                     ENVIRONMENT PYTHONDONTWRITEBYTECODE=1)

add_test(NAME script_mutants
         COMMAND /usr/bin/python3
                 ${PROJECT_SOURCE_DIR}/tests/script/test_mutants.py
                 ${PROJECT_SOURCE_DIR})
set_tests_properties(script_mutants PROPERTIES TIMEOUT 120
                     ENVIRONMENT PYTHONDONTWRITEBYTECODE=1)

# The vectors that are written by a program are what it writes.
add_test(NAME gate_vectors_made
         COMMAND /usr/bin/python3 ${PROJECT_SOURCE_DIR}/tests/vectors/make.py
                 --check)
set_tests_properties(gate_vectors_made PROPERTIES TIMEOUT 60
                     ENVIRONMENT PYTHONDONTWRITEBYTECODE=1)

# The models' few bytes of a cabinet against a cabinet that keeps everything,
# with cryptography that takes no time in the place of libsodium's.
file(GLOB sources ${PROJECT_SOURCE_DIR}/lib/gate/*.c)
list(APPEND sources ${PROJECT_SOURCE_DIR}/lib/door/latch.c
     ${PROJECT_SOURCE_DIR}/lib/base/bytes.c)
lb_planted_sources(sources ${sources})
foreach(program drift walk)
  add_executable(model_${program} model/${program}.c model/cab.c model/pack.c
                 model/toy_crypto.c support/gate_signer.c
                 support/gate_journal.c ${sources})
  target_include_directories(model_${program} PRIVATE model support
                             ${PROJECT_SOURCE_DIR}/lib
                             ${PROJECT_SOURCE_DIR}/include)
  target_link_libraries(model_${program} PRIVATE lb_flags)
endforeach()
add_test(NAME model_drift COMMAND model_drift 100000 1)
# A door's states with few events: script/prove looks at all of them.
add_test(NAME model_walk
         COMMAND model_walk
                 TICK,DURABLE,SEE,BACK,OPENS,SHUT,DEPOSIT,BLOCK,UNBLOCK,CLEAR
                 11)

# A second reader of journals, written from docs/JOURNAL.md, on each row of
# the tampering matrix.
add_test(NAME journal_second_reader
         COMMAND /usr/bin/python3
                 ${PROJECT_SOURCE_DIR}/tests/journal/test_verify_journal.py
                 $<TARGET_FILE:journal_test_tamper>)
set_tests_properties(journal_second_reader PROPERTIES TIMEOUT 300
                     ENVIRONMENT PYTHONDONTWRITEBYTECODE=1)

add_test(NAME script_rules
         COMMAND /usr/bin/python3
                 ${PROJECT_SOURCE_DIR}/tests/script/test_rules.py
                 ${PROJECT_SOURCE_DIR})
set_tests_properties(script_rules PROPERTIES TIMEOUT 60
                     ENVIRONMENT PYTHONDONTWRITEBYTECODE=1)
