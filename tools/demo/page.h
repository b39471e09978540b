/* SPDX-License-Identifier: Apache-2.0
 * Copyright the lockbus authors */
#ifndef PAGE_H
#define PAGE_H

/*
 * The outlet that keeps everything and writes it down at the end, as one
 * HTML file that needs nothing else. It can be read without its script, which
 * only plays the picture again.
 */

#include "stage.h"

enum { STEPS_MAX = 1024 };

/* A door in a picture: its letter, and whether a parcel lies behind it that
 * the letter does not speak of. */
struct cell {
    char letter;
    bool marked;
};

struct step {
    struct told told;
    struct cell cell[DOORS];
};

struct page {
    struct step step[STEPS_MAX];
    size_t steps, lost; /* lost: those there was no room for */
};

struct outlet page_outlet(struct page *page);

/* False with errno when the file cannot be written. */
bool page_write(const struct page *page, const char *path,
                const struct stage *stage);

#endif
