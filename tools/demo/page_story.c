/* SPDX-License-Identifier: Apache-2.0
 * Copyright the lockbus authors */
#include "page_parts.h"

#include <string.h>

static void clock_of(uint64_t at_us, char out[16])
{
    unsigned tenths = (unsigned)(at_us / 100000);

    (void)snprintf(out, 16, "%u:%02u.%u", tenths / 600, tenths / 10 % 60,
                   tenths % 10);
}

/* ---- Scenes and what held in them --------------------------------------- */

void part_scenes(FILE *f, const struct page *page)
{
    bool inside = false;

    fputs("<section id=\"story\" aria-labelledby=\"h-story\">\n"
          "<h2 id=\"h-story\">What happened, and what held</h2>\n"
          "<p class=\"sub\">Each statement was checked against the library, "
          "the journal or the simulated boards.</p>\n"
          "<div class=\"scenes\">\n",
          f);
    for (size_t i = 0; i < page->steps; i++) {
        const struct told *told = &page->step[i].told;

        if (told->kind == TELL_SCENE) {
            fputs(inside ? "</ul></article>\n" : "", f);
            html(f, "<article class=\"card\"><h3><span>%u</span> %s</h3><ul>\n",
                 told->scene, told->text);
            inside = true;
        } else if (told->kind == TELL_HELD) {
            html(f, "<li class=\"held\">%s</li>\n", told->text);
        } else if (told->kind == TELL_BROKEN) {
            html(f, "<li class=\"broke\"><b>did not hold:</b> %s</li>\n",
                 told->text);
        } else if (told->kind == TELL_NOTE) {
            html(f, "<li class=\"note\">%s</li>\n", told->text);
        }
    }
    fputs(inside ? "</ul></article>\n" : "", f);
    fputs("</div>\n</section>\n", f);
}

/* ---- The journal's answer ----------------------------------------------- */

static void authority_of(const struct answer *answer, char out[32])
{
    out[0] = '\0';
    for (size_t i = 0; answer->signed_by && i < 4; i++) {
        (void)snprintf(out + 2 * i, 32 - 2 * i, "%02x", answer->authority[i]);
    }
}

/* Those that are not simply "opened, on a signature". */
static void apart(FILE *f, const struct stage *stage)
{
    fputs("<ul class=\"apart\">\n", f);
    for (size_t i = 0; i < stage->answers; i++) {
        const struct answer *answer = &stage->answer[i];
        char at[16];

        clock_of(answer->powered_ms * 1000, at);
        if (!answer->signed_by) {
            html(f,
                 "<li class=\"bad\"><b>%s</b> opened at %s on nobody&rsquo;s "
                 "authority: forced.</li>\n",
                 answer->label, at);
        } else if (strcmp(answer->result, "opened") != 0) {
            html(f,
                 "<li class=\"warn\"><b>%s</b> %s allowed at %s: what came "
                 "of it is %s.</li>\n",
                 answer->label, answer->what, at, answer->result);
        }
    }
    fputs("</ul>\n", f);
}

static void answer_head(FILE *f, const struct stage *stage)
{
    html(f,
         "<section id=\"answers\" aria-labelledby=\"h-answers\">\n"
         "<h2 id=\"h-answers\">&ldquo;Which doors?&rdquo;</h2>\n"
         "<p class=\"sub\">The journal&rsquo;s own answer: %u opens of %u "
         "doors, each on somebody&rsquo;s signature. It verifies from its "
         "first block.</p>\n",
         stage->figures.opens, stage->figures.doors_opened);
    apart(f, stage);
    fputs("<div class=\"wide tall\" tabindex=\"0\" role=\"region\" "
          "aria-label=\"Every open\"><table class=\"rows\"><thead><tr>"
          "<th scope=\"col\">Powered time</th><th scope=\"col\">Door</th>"
          "<th scope=\"col\">What</th><th scope=\"col\">On the authority "
          "of</th><th scope=\"col\">What came of it</th></tr></thead>\n"
          "<tbody>\n",
          f);
}

void part_answers(FILE *f, const struct stage *stage)
{
    answer_head(f, stage);
    for (size_t i = 0; i < stage->answers; i++) {
        const struct answer *answer = &stage->answer[i];
        bool good = answer->signed_by && strcmp(answer->result, "opened") == 0;
        char key[32], at[16];

        clock_of(answer->powered_ms * 1000, at);
        authority_of(answer, key);
        html(f,
             "<tr><td>%s</td><th scope=\"row\">%s</th><td>%s%s</td>"
             "<td>%s%s</td><td class=\"%s\">%s</td></tr>\n",
             at, answer->label, answer->what,
             answer->by_code ? ", by code" : "",
             answer->signed_by ? "key " : "nobody", key,
             good ? "" : (answer->signed_by ? "warn" : "bad"), answer->result);
    }
    fputs("</tbody></table></div>\n</section>\n", f);
}

void part_limits(FILE *f)
{
    fputs("<section id=\"limits\" class=\"card\" "
          "aria-labelledby=\"h-limits\">\n"
          "<h2 id=\"h-limits\">What it cannot do</h2>\n"
          "<p>Plain Modbus boards obey whoever is on the wire. Somebody who "
          "taps the RS-485 pair inside the cabinet, or is root on its "
          "controller, opens its doors; lockbus sees it in the same round, "
          "raises an alarm and puts it on record, and cannot prevent it. "
          "Empty doors open to whoever holds the issuer&rsquo;s key, until "
          "the next manifest. A crowbar and a jammed radio are not its "
          "business.</p>\n</section>\n",
          f);
}

static void figure(FILE *f, const char *name, uint64_t value)
{
    html(f, "<div><dt>%s</dt><dd>%u</dd></div>\n", name, (unsigned)value);
}

void part_figures(FILE *f, const struct stage *stage)
{
    const struct figures *figures = &stage->figures;

    fputs("<section id=\"figures\" aria-labelledby=\"h-figures\">\n"
          "<h2 id=\"h-figures\">In figures</h2>\n<dl class=\"figures\">\n",
          f);
    figure(f, "doors", DOORS);
    figure(f, "boards", BOARDS);
    figure(f, "requests on the wire", figures->polls);
    figure(f, "replies", figures->replies);
    figure(f, "opens with authority", figures->opens);
    figure(f, "refusals on record", figures->refusals);
    figure(f, "alarms: forced", figures->forced);
    figure(f, "journal blocks", figures->blocks);
    fputs("</dl>\n</section>\n", f);
}

/* ---- The timeline ------------------------------------------------------- */

static void put_changes(FILE *f, const struct page *page, size_t at)
{
    const struct cell *now = page->step[at].cell;
    const struct cell *before = at != 0 ? page->step[at - 1].cell : NULL;
    const char *sep = "";

    for (unsigned d = 0; d < DOORS; d++) {
        if (before == NULL || before[d].letter != now[d].letter ||
            before[d].marked != now[d].marked) {
            char letter[2] = {now[d].letter, '\0'};

            html(f, "%s%u%s%s", sep, d, letter, now[d].marked ? "*" : "");
            sep = " ";
        }
    }
}

void part_timeline(FILE *f, const struct page *page)
{
    static const char *const kinds[] = {
        [TELL_SCENE] = "scene", [TELL_HELD] = "held",   [TELL_BROKEN] = "broke",
        [TELL_NOTE] = "note",   [TELL_WORDS] = "words", [TELL_EVENT] = "event",
    };

    html(f,
         "<section id=\"timeline\" aria-labelledby=\"h-timeline\">\n"
         "<h2 id=\"h-timeline\">The timeline</h2>\n<details><summary>All %u "
         "moments: scenes, statements and the library&rsquo;s "
         "events</summary>\n<div class=\"wide\" tabindex=\"0\" "
         "role=\"region\" aria-label=\"Timeline\"><table class=\"rows "
         "time\"><thead><tr><th scope=\"col\">Time</th>"
         "<th scope=\"col\">Kind</th><th scope=\"col\">What</th></tr></thead>"
         "<tbody>\n",
         (unsigned)page->steps);
    for (size_t i = 0; i < page->steps; i++) {
        const struct told *told = &page->step[i].told;
        char at[16];

        clock_of(told->at_us, at);
        html(f, "<tr class=\"%s\" data-host=\"%s\" data-d=\"",
             kinds[told->kind], told->other_host ? "today" : "lockbus");
        put_changes(f, page, i);
        html(f, "\"><td>%s</td><td>%s</td><td>%s</td></tr>\n", at,
             kinds[told->kind], told->text);
    }
    fputs("</tbody></table></div></details>\n", f);
    if (page->lost != 0) {
        html(f, "<p>%u later moments did not fit.</p>\n", (unsigned)page->lost);
    }
    fputs("</section>\n", f);
}
