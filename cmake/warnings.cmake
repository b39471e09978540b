# SPDX-License-Identifier: Apache-2.0
# One interface target carries the warnings and sanitizers of everything that
# we write; generated code does not link it.
add_library(lb_flags INTERFACE)
target_compile_options(lb_flags INTERFACE
  -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wsign-conversion -Wcast-qual
  -Wmissing-prototypes -Wswitch-enum -Wvla -Wwrite-strings -Wundef)
target_compile_definitions(lb_flags INTERFACE _POSIX_C_SOURCE=200809L)
if(LOCKBUS_WERROR)
  target_compile_options(lb_flags INTERFACE -Werror)
endif()
if(LOCKBUS_SANITIZE)
  target_compile_options(lb_flags INTERFACE
    -fsanitize=${LOCKBUS_SANITIZE} -fno-omit-frame-pointer
    -fno-sanitize-recover=all)
  target_link_options(lb_flags INTERFACE -fsanitize=${LOCKBUS_SANITIZE})
endif()
