/* SPDX-License-Identifier: Apache-2.0
 * Copyright the lockbus authors */
#include "script.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { TIME_MAX_S = 86400, WHY_MAX = 512 };

enum trigger { AT, WHEN_PULSED, WHEN_OPENED, WHEN_SHUT };

struct step {
    enum trigger trigger;
    const struct sim_door *door;
    uint64_t at;    /* AT, and once its door has acted: when it is due */
    uint64_t delay; /* from what the door did */
    bool done;
    unsigned line;
    char command[SIM_COMMAND_MAX];
};

struct sim_script {
    char path[SIM_PATH_LEN];
    size_t count;
    struct step step[SIM_STEPS];
    char answer[SIM_ANSWER_MAX];
};

/* ---- Reading ------------------------------------------------------------ */

/* `250ms`, `2s`, `2.5s`. */
static bool take_time(const char *text, uint64_t *ns)
{
    char *end = NULL;

    if (text[0] < '0' || text[0] > '9') {
        return false;
    }
    double value = strtod(text, &end);
    double unit = strcmp(end, "s") == 0    ? 1e9
                  : strcmp(end, "ms") == 0 ? 1e6
                                           : 0;

    if (unit == 0 || strspn(text, "0123456789.") != (size_t)(end - text) ||
        value * unit > TIME_MAX_S * 1e9) {
        return false;
    }
    *ns = (uint64_t)(value * unit);
    return true;
}

static char *word(char **rest)
{
    char *at = *rest + strspn(*rest, " \t");
    size_t len = strcspn(at, " \t");

    *rest = at + len;
    if (**rest != '\0') {
        *(*rest)++ = '\0';
    }
    return at;
}

static bool take_when(struct step *step, struct sim_world *world, char **rest,
                      const char **wrong)
{
    static const char *const names[] = {[WHEN_PULSED] = "pulsed",
                                        [WHEN_OPENED] = "opened",
                                        [WHEN_SHUT] = "shut"};
    struct sim_board *board = NULL;
    const char *what = word(rest);

    for (step->trigger = WHEN_PULSED; step->trigger <= WHEN_SHUT;
         step->trigger = (enum trigger)(step->trigger + 1)) {
        if (strcmp(names[step->trigger], what) == 0) {
            break;
        }
    }
    if (step->trigger > WHEN_SHUT) {
        *wrong = "after `when` comes pulsed, opened or shut";
        return false;
    }
    step->door = sim_world_door(world, word(rest), &board);
    step->at = SIM_NEVER;
    if (step->door == NULL) {
        *wrong = "there is no such door";
        return false;
    }
    *rest += strspn(*rest, " \t");
    if (**rest == '+' && !take_time(word(rest) + 1, &step->delay)) {
        *wrong = "a delay is +250ms or +2.5s";
        return false;
    }
    return true;
}

/* NULL: the step is good; else what is wrong with the line. */
static const char *take_line(struct step *step, struct sim_world *world,
                             uint64_t now, char *text)
{
    const char *wrong = NULL;
    char *rest = text;
    const char *kind = word(&rest);

    memset(step, 0, sizeof *step);
    if (strcmp(kind, "at") == 0) {
        if (!take_time(word(&rest), &step->at)) {
            return "a time is 250ms or 2.5s, at most a day";
        }
        step->at += now;
    } else if (strcmp(kind, "when") != 0) {
        return "a line begins with at or when";
    } else if (!take_when(step, world, &rest, &wrong)) {
        return wrong;
    }
    rest += strspn(rest, " \t");
    if (!sim_control_knows(rest, strcspn(rest, " \t"))) {
        return "there is no such command";
    }
    if ((size_t)snprintf(step->command, sizeof step->command, "%s", rest) >=
        sizeof step->command) {
        return "the command is too long";
    }
    return NULL;
}

static const char *read_all(struct sim_script *script, FILE *in,
                            struct sim_world *world, uint64_t now,
                            unsigned *line)
{
    char text[SIM_COMMAND_MAX + 64];

    for (*line = 1; fgets(text, sizeof text, in) != NULL; ++*line) {
        size_t len = strcspn(text, "\r\n");

        if (len == sizeof text - 1) {
            return "the line is too long";
        }
        text[strcspn(text, "#\r\n")] = '\0';
        if (text[strspn(text, " \t")] == '\0') {
            continue;
        }
        if (script->count == SIM_STEPS) {
            return "there are too many lines";
        }
        struct step *step = &script->step[script->count++];
        for (len = strlen(text); strchr(" \t", text[len - 1]) != NULL; len--) {
            text[len - 1] = '\0';
        }
        const char *wrong = take_line(step, world, now, text);

        if (wrong != NULL) {
            return wrong;
        }
        step->line = *line;
    }
    return NULL;
}

struct sim_script *sim_script_open(const char *path, struct sim_world *world,
                                   uint64_t now, char why[512])
{
    struct sim_script *script = calloc(1, sizeof *script);
    FILE *in = fopen(path, "r");
    unsigned line = 0;

    if (script == NULL || in == NULL) {
        (void)snprintf(why, WHY_MAX, "%s: %s", path, strerror(errno));
        if (in != NULL) {
            (void)fclose(in);
        }
        free(script);
        return NULL;
    }
    (void)snprintf(script->path, sizeof script->path, "%s", path);
    const char *wrong = read_all(script, in, world, now, &line);

    (void)fclose(in);
    if (wrong != NULL) {
        (void)snprintf(why, WHY_MAX, "%s, line %u: %s", path, line, wrong);
        sim_script_close(&script);
    }
    return script;
}

void sim_script_close(struct sim_script **script)
{
    free(*script);
    *script = NULL;
}

/* ---- Telling ------------------------------------------------------------ */

static bool has_acted(const struct step *step)
{
    switch (step->trigger) {
    case WHEN_PULSED:
        return step->door->pulses != 0;
    case WHEN_OPENED:
        return step->door->openings != 0;
    case WHEN_SHUT:
        return step->door->shuttings != 0;
    case AT:
        break;
    }
    return true;
}

bool sim_script_run(struct sim_script *script, struct sim_world *world,
                    uint64_t now, char why[512])
{
    for (size_t i = 0; script != NULL && i < script->count; i++) {
        struct step *step = &script->step[i];

        if (step->done) {
            continue;
        }
        if (step->at == SIM_NEVER && has_acted(step)) {
            step->at = now + step->delay;
        }
        if (now < step->at) {
            continue;
        }
        step->done = true;
        sim_control(world, now, step->command, script->answer);
        if (strncmp(script->answer, "error", 5) == 0) {
            (void)snprintf(why, WHY_MAX, "%s, line %u: %.300s", script->path,
                           step->line, script->answer);
            return false;
        }
    }
    return true;
}

uint64_t sim_script_next(const struct sim_script *script)
{
    uint64_t next = SIM_NEVER;

    for (size_t i = 0; script != NULL && i < script->count; i++) {
        const struct step *step = &script->step[i];

        if (!step->done && step->at < next) {
            next = step->at;
        }
    }
    return next;
}
