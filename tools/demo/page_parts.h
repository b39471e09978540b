/* SPDX-License-Identifier: Apache-2.0
 * Copyright the lockbus authors */
#ifndef PAGE_PARTS_H
#define PAGE_PARTS_H

/* The page's sections, from top to bottom. */

#include "html.h"
#include "page.h"

/* A cabinet as a table of its doors; `name` is for those who hear it. */
struct grid {
    const char *id, *name, *style;
    const struct cell *cell;
};
void part_grid(FILE *f, const struct grid *grid);

void part_duel(FILE *f, const struct stage *stage);
void part_replay(FILE *f, const struct page *page);
void part_scenes(FILE *f, const struct page *page);
void part_matrix(FILE *f, const struct night *night);
void part_answers(FILE *f, const struct stage *stage);
void part_limits(FILE *f);
void part_figures(FILE *f, const struct stage *stage);
void part_timeline(FILE *f, const struct page *page);

#endif
