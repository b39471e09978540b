/* SPDX-License-Identifier: Apache-2.0
 * Copyright the lockbus authors */
#ifndef RECORDER_H
#define RECORDER_H

/*
 * Everything that happens on the stage goes through here, once, and from here
 * to whoever shows it: plain lines, a live screen, a page. Each of these is an
 * outlet, and none of them knows of the others.
 */

#include "picture.h"

enum telling {
    TELL_SCENE = 1, /* a new one begins */
    TELL_HELD,      /* a statement that was checked and holds */
    TELL_BROKEN,    /* one that does not */
    TELL_NOTE,      /* said, not checked */
    TELL_WORDS,     /* somebody else's, as they came; for the record */
    TELL_EVENT      /* the library's */
};

enum { TOLD_MAX = 640, OUTLETS_MAX = 3, NO_DOOR = 0xFFFF };

struct told {
    enum telling kind;
    unsigned scene;  /* from 1 */
    uint64_t at_us;  /* since the beginning */
    uint16_t door;   /* or NO_DOOR */
    bool other_host; /* the picture is of the cabinet without lockbus */
    char text[TOLD_MAX];
};

struct outlet {
    void *user;
    void (*tell)(void *user, const struct told *told,
                 const struct picture *seen);
    /* Called often: the picture may have moved. NULL: not wanted. */
    void (*look)(void *user, const struct picture *seen);
};

struct recorder {
    struct picture now;
    struct outlet outlet[OUTLETS_MAX];
    size_t outlets;
    unsigned scene, held, broken;
    bool other_host;
};

void recorder_init(struct recorder *recorder, uint64_t now_us);
void recorder_add(struct recorder *recorder, const struct outlet *outlet);

/* A scene, statement or note; `text` is cut at TOLD_MAX. */
void recorder_tell(struct recorder *recorder, enum telling kind,
                   const char *text);
void recorder_event(struct recorder *recorder,
                    const struct lockbus_event *event);
void recorder_look(struct recorder *recorder);

#endif
