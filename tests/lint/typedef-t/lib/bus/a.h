/* SPDX-License-Identifier: Apache-2.0
 * Copyright the lockbus authors */
typedef struct bus bus_t;
typedef struct {
    int a;
} box_t;
uint8_t *p;
