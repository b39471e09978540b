/* SPDX-License-Identifier: Apache-2.0
 * Copyright the lockbus authors */
#include "page.h"

#include "page_parts.h"

#include <errno.h>
#include <stdio.h>
#include <time.h>

static void tell(void *user, const struct told *told,
                 const struct picture *seen)
{
    struct page *page = user;

    if (page->steps == STEPS_MAX) {
        page->lost++;
        return;
    }
    struct step *step = &page->step[page->steps++];

    step->told = *told;
    for (unsigned d = 0; d < DOORS; d++) {
        step->cell[d].letter = picture_letter(&seen->door[d]);
        step->cell[d].marked = picture_mark(&seen->door[d]) != ' ';
    }
}

struct outlet page_outlet(struct page *page)
{
    return (struct outlet){.user = page, .tell = tell};
}

static void head(FILE *f)
{
    fputs("<!doctype html>\n<html lang=\"en\">\n<head>\n"
          "<meta charset=\"utf-8\">\n"
          "<meta name=\"viewport\" content=\"width=device-width, "
          "initial-scale=1\">\n"
          "<meta name=\"color-scheme\" content=\"light dark\">\n"
          "<title>lockbus: one night, two hosts</title>\n<style>\n",
          f);
    fputs((const char *)page_css, f);
    fputs("</style>\n</head>\n<body>\n", f);
}

static void masthead(FILE *f, const struct stage *stage)
{
    const struct recorder *record = &stage->record;

    html(f,
         "<header>\n<p class=\"brand\"><span>lockbus</span> %s</p>\n"
         "<h1>One night, two hosts</h1>\n"
         "<p class=\"lede\">The same %u doors, boards and parcels, and an "
         "attacker who holds the network. One host obeys &ldquo;open "
         "n&rdquo;, as those of many lockers do today. The other moves a latch "
         "only on a signature made for that door, that parcel and that "
         "moment.</p>\n",
         stage->figures.version, (unsigned)DOORS);
    if (record->broken == 0) {
        html(f,
             "<p class=\"seal\"><b>%u of %u</b> statements were checked "
             "while this ran, and held.</p>\n",
             record->held, record->held);
    } else {
        html(f,
             "<p class=\"seal broken\"><b>%u of %u</b> statements did not "
             "hold.</p>\n",
             record->broken, record->held + record->broken);
    }
    fputs("</header>\n", f);
}

static void foot(FILE *f, const struct stage *stage)
{
    char day[32];
    time_t when = (time_t)stage->world.now_unix;
    struct tm utc;

    (void)strftime(day, sizeof day, "%Y-%m-%d %H:%M UTC",
                   gmtime_r(&when, &utc));
    html(f,
         "<footer><p>Written by the demo of lockbus %s on %s, on the real "
         "library and simulated boards: the simulator shares no frame code "
         "with it. Nothing here has run on RS-485 hardware yet.</p></footer>\n"
         "</main>\n<script>\n",
         stage->figures.version, day);
    fputs((const char *)page_js, f);
    fputs("</script>\n</body>\n</html>\n", f);
}

bool page_write(const struct page *page, const char *path,
                const struct stage *stage)
{
    FILE *f = fopen(path, "w");

    if (f == NULL) {
        return false;
    }
    head(f);
    masthead(f, stage);
    fputs("<main>\n", f);
    part_duel(f, stage);
    part_replay(f, page);
    part_scenes(f, page);
    part_matrix(f, &stage->night);
    part_answers(f, stage);
    part_limits(f);
    part_figures(f, stage);
    part_timeline(f, page);
    foot(f, stage);
    bool written = ferror(f) == 0;

    if (fclose(f) != 0 || !written) {
        errno = errno != 0 ? errno : EIO;
        return false;
    }
    return true;
}
