/* SPDX-License-Identifier: Apache-2.0
 * Copyright the lockbus authors */
#include "live.h"

#include "screen.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
    DRAW_EVERY_US = 80000,
    REST_SCENE_MS = 2500,
    REST_LEAST_MS = 900,
    REST_LETTER_MS = 22
};

bool live_open(struct live *live)
{
    const char *wish = getenv("LOCKBUS_DEMO");

    memset(live, 0, sizeof *live);
    live->open = (wish == NULL || strcmp(wish, "plain") != 0) &&
                 isatty(STDOUT_FILENO) == 1 && screen_open();
    return live->open;
}

void live_close(struct live *live)
{
    if (live->open) {
        screen_close();
        live->open = false;
    }
}

static void look(void *user, const struct picture *seen)
{
    struct live *live = user;

    if (!live->open || seen->now_us - live->drawn_us < DRAW_EVERY_US) {
        return;
    }
    live->drawn_us = seen->now_us;
    screen_draw(seen);
    switch (screen_key(0)) {
    case 'q':
    case 'Q':
        live->quit = true;
        break;
    case ' ':
        live->skip = true;
        break;
    default:
        break;
    }
}

static void tell(void *user, const struct told *told,
                 const struct picture *seen)
{
    struct live *live = user;

    (void)told;
    live->drawn_us = 0;
    look(live, seen);
}

unsigned live_rest_ms(enum telling kind, const char *text)
{
    switch (kind) {
    case TELL_SCENE:
        return REST_SCENE_MS;
    case TELL_HELD:
    case TELL_BROKEN:
    case TELL_NOTE:
        return REST_LEAST_MS + REST_LETTER_MS * (unsigned)strlen(text);
    case TELL_WORDS:
    case TELL_EVENT:
    default:
        return 0;
    }
}

struct outlet live_outlet(struct live *live)
{
    return (struct outlet){.user = live, .tell = tell, .look = look};
}
