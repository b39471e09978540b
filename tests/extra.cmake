# SPDX-License-Identifier: Apache-2.0
# Tests that are not one .c file: scripts that run tools, independent slaves,
# cross builds. A component's lines stand together under a comment that says
# what they are for. Name programs by $<TARGET_FILE:...>, so that
# script/test-targets knows what to build.

# The issuing side on the command line: a key ceremony and a parcel.
if(TARGET lockbus_tool)
  add_test(NAME cli_issue COMMAND sh ${PROJECT_SOURCE_DIR}/tests/cli/issue.sh
           $<TARGET_FILE:lockbus_tool>)
endif()
