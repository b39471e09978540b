# SPDX-License-Identifier: Apache-2.0
# Copyright the lockbus authors
"""LOCKBUS_TEST_CASE=NAME for unittest, as one_case.c for cmocka."""
import os


def options():
    """What unittest.main() is told to run that one case."""
    name = os.environ.get("LOCKBUS_TEST_CASE")
    return ["-k", f"*.{name}"] if name else []
