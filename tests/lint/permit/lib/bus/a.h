/* SPDX-License-Identifier: Apache-2.0
 * Copyright the lockbus authors */
struct slot {
    struct lb_permit permit;
    struct lb_permit *borrowed;
    unsigned ref;
};
