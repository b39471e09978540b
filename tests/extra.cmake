# SPDX-License-Identifier: Apache-2.0
# Tests that are not one .c file: scripts that run tools, independent slaves,
# cross builds. A component's lines stand together under a comment that says
# what they are for. Name programs by $<TARGET_FILE:...>, so that
# script/test-targets knows what to build.
