/* SPDX-License-Identifier: Apache-2.0
 * Copyright the lockbus authors */
#include "draw.h"

#include <curses.h>
#include <stdio.h>

void draw_keys(const struct draw *draw)
{
    const struct order_wish *wish = &draw->wish;
    char text[160];

    if (draw->typing) {
        (void)snprintf(text, sizeof text,
                       "filter: %s_   Enter keeps it, Esc drops it (b7: board "
                       "7)",
                       wish->text);
    } else {
        (void)snprintf(text, sizeof text,
                       "q quit  s sort (by %s)  f filter (%s)  / %s  b %s  "
                       "arrows page",
                       order_by_name(wish->by), order_show_name(wish->show),
                       wish->text[0] != '\0' ? wish->text : "text",
                       draw->boards ? "doors" : "boards");
    }
    (void)draw_text(draw->layout.keys, A_BOLD, text);
}
