/* SPDX-License-Identifier: Apache-2.0
 * Copyright the lockbus authors */
static const char *url = "http://here"; /* // not this */
int x; // this
