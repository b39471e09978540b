/* SPDX-License-Identifier: Apache-2.0
 * Copyright the lockbus authors */

/*
 * Several doors beside each other, and what holds between them: no more of
 * them are open than the limit says, also over restarts; and careless
 * customers, who open, walk away and never shut, stop no cabinet for good.
 *
 * Each door is cabinet.h, which tests/model/walk.c made of the C code, the
 * limit it met included (`guard`). What is true is kept here: when the last
 * intent was, and what for.
 */

c_decl {
\#include "cab.h"
\#include "cabinet.h"
#define TO(i, e) (edge[now.s[i]][e].to)
#define SAY(what) (readtrail ? printf("%s\n", what) : 0)
#define MOVE(i, e) (SAY(event_name[e]), now.s[i] = (short)(TO(i, e) - 1))
#define COUNTS(i, c) (label[now.s[i]].counts == (c))
}

#define VACANT 1
#define OCCUPIED 3

short s[DOORS];
byte since[DOORS];  /* steps since the intent, from 1; 0: over */
byte kind[DOORS];   /* what it was for */
bool tock;          /* time goes on */
bool asked;         /* this step was an ask that was taken */
byte occ, vac;      /* how many count, by the gate */
byte open_occ, open_vac; /* how many stand open, by an ask not long ago */

ltl free { ([]<> tock && []<> !tock) ->
           ([]<> (occ < LIMIT) && []<> (vac < LIMIT)) }
ltl quiet { ([]<> tock && []<> !tock && <>[] !asked) ->
            <>[] (occ == 0 && vac == 0) }

/* Does the limit let an ask of door i through? */
#if DOORS == 2
#define FITS(i, e) c_expr { \
    edge[now.s[i]][e].guard == 0 || \
    COUNTS(1 - (i), edge[now.s[i]][e].guard) < LIMIT }
#else
#define FITS(i, e) c_expr { \
    edge[now.s[i]][e].guard == 0 || \
    COUNTS(((i) + 1) % 3, edge[now.s[i]][e].guard) + \
    COUNTS(((i) + 2) % 3, edge[now.s[i]][e].guard) < LIMIT }
#endif

inline look()
{
    c_code {
        int i;

        now.occ = now.vac = now.open_occ = now.open_vac = 0;
        for (i = 0; i < DOORS; i++) {
            now.occ += COUNTS(i, OCCUPIED);
            now.vac += COUNTS(i, VACANT);
            if (label[now.s[i]].leaf && now.since[i] > 0) {
                now.open_occ += now.kind[i] == CAB_RELEASE;
                now.open_vac += now.kind[i] == CAB_DEPOSIT;
            }
        }
        if (readtrail) {
            for (i = 0; i < DOORS; i++) {
                printf("  door %d: custody %d, leaf %d, counts %d;", i,
                       label[now.s[i]].custody, label[now.s[i]].leaf,
                       label[now.s[i]].counts);
            }
            printf("\n");
        }
    };
    assert(open_occ <= LIMIT && open_vac <= LIMIT);
    assert(occ <= LIMIT && vac <= LIMIT)
}

#define EVENT(i, e) :: d_step { c_expr { TO(i, e) != 0 } -> \
    c_code { MOVE(i, e); }; asked = false; look() }

#define ASK(i, e) :: d_step { c_expr { TO(i, e) != 0 } && FITS(i, e) -> \
    c_code { MOVE(i, e); }; \
    since[i] = 1; kind[i] = c_expr { e }; asked = true; look() }

#define EACH(i) \
    EVENT(i, CAB_DURABLE) \
    EVENT(i, CAB_SEE) \
    EVENT(i, CAB_AWAY) \
    EVENT(i, CAB_BACK) \
    EVENT(i, CAB_STICK) \
    EVENT(i, CAB_PULSE_OPENS) \
    EVENT(i, CAB_PULSE_JAMS) \
    EVENT(i, CAB_SHUT) \
    ASK(i, CAB_DEPOSIT) \
    ASK(i, CAB_RELEASE)

#if DOORS == 2
#define ALL(e) c_expr { TO(0, e) != 0 && TO(1, e) != 0 }
#define MOVE_ALL(e) c_code { MOVE(0, e); MOVE(1, e); }
#define AGE since[0] = (since[0] == 0 -> 0 : (since[0] + 1) % 3); \
            since[1] = (since[1] == 0 -> 0 : (since[1] + 1) % 3)
#else
#define ALL(e) c_expr { TO(0, e) != 0 && TO(1, e) != 0 && TO(2, e) != 0 }
#define MOVE_ALL(e) c_code { MOVE(0, e); MOVE(1, e); MOVE(2, e); }
#define AGE since[0] = (since[0] == 0 -> 0 : (since[0] + 1) % 3); \
            since[1] = (since[1] == 0 -> 0 : (since[1] + 1) % 3); \
            since[2] = (since[2] == 0 -> 0 : (since[2] + 1) % 3)
#endif

init {
    d_step { c_code {
        int i;

        for (i = 0; i < DOORS; i++) {
            now.s[i] = FIRST;
        }
    } };
    do
    :: d_step { ALL(CAB_TICK) -> MOVE_ALL(CAB_TICK);
                AGE; tock = !tock; asked = false; look() }
    :: d_step { ALL(CAB_START) -> MOVE_ALL(CAB_START);
                asked = false; look() }
    EACH(0)
    EACH(1)
#if DOORS == 3
    EACH(2)
#endif
    od
}
