/* SPDX-License-Identifier: Apache-2.0
 * Copyright the lockbus authors */
#ifndef SCENES_H
#define SCENES_H

/* The story, in this order. A scene that returns false ends it. */

#include "stage.h"

/* Who among the recipients appears by name: places in stage->parcel. */
enum {
    BY_CODE = 0,   /* A07 */
    BY_APP = 1,    /* C05 */
    CUT_SHORT = 2, /* F02: the power goes while she stands there */
    FORCED = 3,    /* I07: somebody taps the wire */
    LATE = 4       /* L08: has waited through it all */
};

bool scene_begin(struct stage *stage);
bool scene_deposit(struct stage *stage);
bool scene_pickup(struct stage *stage);
bool scene_app(struct stage *stage);
bool scene_powercut(struct stage *stage);
bool scene_open_n(struct stage *stage);
bool scene_night(struct stage *stage);
bool scene_wire(struct stage *stage);
bool scene_morning(struct stage *stage);
bool scene_which(struct stage *stage);

#endif
