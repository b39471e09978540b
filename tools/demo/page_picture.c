/* SPDX-License-Identifier: Apache-2.0
 * Copyright the lockbus authors */
#include "page_parts.h"

#include <string.h>

enum { ROWS = DOORS / BOARDS };

static const char *word_of(char letter)
{
    for (unsigned s = 0; s < PICTURE_STATES; s++) {
        if (picture_state_letter((enum picture_state)s) == letter) {
            return picture_state_word((enum picture_state)s);
        }
    }
    return "unknown";
}

static void one_cell(FILE *f, unsigned door, const struct cell *cell)
{
    char letter[2] = {cell->letter, '\0'};

    html(f, "<td data-s=\"%s\"%s title=\"%s: %s%s\">%s%s</td>", letter,
         cell->marked ? " data-m" : "", stage_label((uint16_t)door),
         word_of(cell->letter), cell->marked ? ", a parcel behind it" : "",
         cell->letter == '.' ? "\u00b7" : letter, cell->marked ? "*" : "");
}

void part_grid(FILE *f, const struct grid *grid)
{
    html(f,
         "<table class=\"cab %s\" id=\"%s\"><caption>%s</caption>\n"
         "<thead><tr><td></td>",
         grid->style, grid->id, grid->name);
    for (unsigned board = 0; board < BOARDS; board++) {
        char column[2] = {(char)('A' + board), '\0'};

        html(f, "<th scope=\"col\">%s</th>", column);
    }
    fputs("</tr></thead>\n<tbody>\n", f);
    for (unsigned row = 0; row < ROWS; row++) {
        html(f, "<tr><th scope=\"row\">%u</th>", row + 1);
        for (unsigned board = 0; board < BOARDS; board++) {
            unsigned door = board * ROWS + row;

            one_cell(f, door, &grid->cell[door]);
        }
        fputs("</tr>\n", f);
    }
    fputs("</tbody></table>\n", f);
}

/* The step that shows most: the one with the most different letters, an alarm
 * above all. */
static size_t telling_step(const struct page *page)
{
    size_t best = 0;
    unsigned most = 0;

    for (size_t i = 0; i < page->steps; i++) {
        bool seen[128] = {false};
        unsigned kinds = 0;

        for (unsigned d = 0; d < DOORS; d++) {
            unsigned letter = (unsigned char)page->step[i].cell[d].letter & 127;

            kinds += seen[letter] ? 0 : letter == 'F' ? 10 : 1;
            seen[letter] = true;
        }
        if (kinds >= most && page->step[i].told.kind == TELL_HELD) {
            most = kinds;
            best = i;
        }
    }
    return best;
}

static bool occurs(const struct page *page, char letter)
{
    for (size_t i = 0; i < page->steps * DOORS; i++) {
        if (page->step[i / DOORS].cell[i % DOORS].letter == letter) {
            return true;
        }
    }
    return false;
}

static void legend(FILE *f, const struct page *page)
{
    fputs("<ul class=\"legend\">\n", f);
    for (unsigned s = PICTURE_STATES; s-- > 0;) {
        char letter[2] = {picture_state_letter((enum picture_state)s), '\0'};

        if (occurs(page, letter[0])) {
            html(f, "<li><span class=\"key\" data-s=\"%s\">%s</span> %s</li>\n",
                 letter, letter[0] == '.' ? "\u00b7" : letter,
                 word_of(letter[0]));
        }
    }
    fputs("<li><span class=\"key\">*</span> a parcel behind a door that is "
          "not shut</li>\n</ul>\n",
          f);
}

void part_replay(FILE *f, const struct page *page)
{
    size_t at = telling_step(page);

    if (page->steps == 0) {
        return;
    }
    const struct told *told = &page->step[at].told;

    fputs("<section id=\"replay\" aria-labelledby=\"h-replay\">\n"
          "<h2 id=\"h-replay\">The cabinet, moment by moment</h2>\n"
          "<p class=\"sub\">Twelve boards, A to L, of eight doors each. Every "
          "picture is what the host knew at that moment.</p>\n",
          f);
    html(f,
         "<div class=\"player\" hidden>"
         "<button type=\"button\" id=\"back\" aria-label=\"One step "
         "back\">&#9664;</button>"
         "<button type=\"button\" id=\"play\">Play</button>"
         "<button type=\"button\" id=\"on\" aria-label=\"One step "
         "on\">&#9654;</button>"
         "<input type=\"range\" id=\"slider\" min=\"0\" max=\"%u\" "
         "value=\"%u\" aria-label=\"Moment\">"
         "</div>\n",
         (unsigned)page->steps - 1, (unsigned)at);
    html(f, "<p class=\"now\" id=\"now\" aria-live=\"polite\">%s</p>\n",
         told->text);
    struct grid grid = {
        "live", told->other_host ? "Under a host of today" : "Under lockbus",
        "", page->step[at].cell};

    part_grid(f, &grid);
    legend(f, page);
    fputs("</section>\n", f);
}

/* ---- The two nights, side by side --------------------------------------- */

static void duel_cells(const struct night *night, bool lockbus,
                       struct cell cell[DOORS])
{
    for (unsigned d = 0; d < DOORS; d++) {
        const struct night_door *door = &night->door[d];
        bool open = lockbus ? door->opened : door->obeyed;

        cell[d].marked = open && door->full;
        cell[d].letter = door->full ? 'P' : '.';
        if (open) {
            cell[d].letter = 'O';
        }
    }
}

void part_duel(FILE *f, const struct stage *stage)
{
    const struct night *night = &stage->night;
    struct cell cell[DOORS];
    struct grid left = {"grid-open-n", "After the attack on a host of today",
                        "breach", cell};
    struct grid right = {"grid-lockbus", "After the attack on lockbus", "",
                         cell};

    fputs("<section class=\"duel\" aria-label=\"The attack on both "
          "hosts\">\n<article class=\"card\">\n",
          f);
    duel_cells(night, false, cell);
    html(f,
         "<h2>A host of today</h2>\n<p class=\"sub\">obeys &ldquo;open "
         "n&rdquo; from whoever reaches it</p>\n"
         "<p class=\"big bad\">%u<span> of %u</span></p>\n"
         "<p class=\"say\">parcels exposed. All %u doors stood open after "
         "%u.%u&nbsp;s; nobody was asked, nothing is on record.</p>\n",
         night->full_obeyed, night->full, night->obeyed,
         night->obeyed_ms / 1000, night->obeyed_ms % 1000 / 100);
    part_grid(f, &left);
    fputs("<p class=\"keys\"><b>O</b> open <b>O*</b> open, with a parcel in "
          "it</p>\n</article>\n<article class=\"card\">\n",
          f);
    duel_cells(night, true, cell);
    html(f,
         "<h2>lockbus</h2>\n<p class=\"sub\">the attacker also holds the "
         "gateway and the issuer&rsquo;s key</p>\n"
         "<p class=\"big good\">%u<span> of %u</span></p>\n"
         "<p class=\"say\">parcels exposed, in %u attempts. %u empty doors "
         "opened, %u at a time at most; every attempt is on record.</p>\n",
         night->full_opened, night->full, night->tries,
         night->opened - night->full_opened,
         stage->world.limits.max_open_vacant);
    part_grid(f, &right);
    fputs("<p class=\"keys\"><b>P</b> shut, with a parcel in it <b>O</b> "
          "open, empty</p>\n</article>\n</section>\n",
          f);
}
