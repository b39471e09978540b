/* SPDX-License-Identifier: Apache-2.0
 * Copyright the lockbus authors */
#include "anchors.h"

#include "base/bytes.h"
#include "os/os.h"
#include "tool.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

bool anchors_read(struct anchors *anchors, const char *path)
{
    struct lockbus_error why = {.err = LOCKBUS_OK};
    size_t cap = lb_file_len(path), len = 0;
    uint8_t *bytes = malloc(cap + 1);

    if (bytes == NULL) {
        fputs("lockbus: no memory\n", stderr);
        return false;
    }
    if (lb_file_read(path, bytes, cap, &len, LB_FILE_ANY, &why) != LOCKBUS_OK) {
        free(bytes);
        (void)tool_complain(&why);
        return false;
    }
    if (len == 0 || len % LOCKBUS_ANCHOR_LEN != 0) {
        free(bytes);
        fprintf(stderr, "lockbus: %s: these are no anchors of %d bytes each\n",
                path, LOCKBUS_ANCHOR_LEN);
        return false;
    }
    *anchors = (struct anchors){bytes, len / LOCKBUS_ANCHOR_LEN};
    return true;
}

void anchors_free(struct anchors *anchors)
{
    free(anchors->bytes);
    *anchors = (struct anchors){NULL, 0};
}

const uint8_t *anchors_at(const struct anchors *anchors, size_t index)
{
    return anchors->bytes + index * LOCKBUS_ANCHOR_LEN;
}

static void compare(struct anchors_found *found, const uint8_t *bytes,
                    const char *dir,
                    const struct lockbus_journal_report *report,
                    const uint8_t device_key[32])
{
    struct lockbus_error why = {.err = LOCKBUS_OK};
    struct lockbus_anchor anchor;

    if (lockbus_anchor_verify(&anchor, bytes, LOCKBUS_ANCHOR_LEN, device_key,
                              &why) != LOCKBUS_OK) {
        (void)tool_complain(&why);
        found->foreign++;
    } else if (!lb_same(anchor.cabinet_id, report->cabinet_id, 16)) {
        fprintf(stderr,
                "lockbus: the anchor of block %" PRIu64
                " is another cabinet's\n",
                anchor.block);
        found->foreign++;
    } else if (anchor.block < report->first_block) {
        found->gone++;
    } else if (lockbus_journal_holds(dir, anchor.block, anchor.digest, &why) ==
               LOCKBUS_OK) {
        found->there++;
    } else {
        (void)tool_complain(&why);
        found->missing++;
    }
}

bool anchors_compare(struct anchors_found *found, const char *const *paths,
                     size_t count, const char *dir,
                     const struct lockbus_journal_report *report,
                     const uint8_t device_key[32])
{
    *found = (struct anchors_found){0};
    for (size_t i = 0; i < count; i++) {
        struct anchors anchors;

        if (!anchors_read(&anchors, paths[i])) {
            return false;
        }
        for (size_t k = 0; k < anchors.count; k++) {
            compare(found, anchors_at(&anchors, k), dir, report, device_key);
        }
        anchors_free(&anchors);
    }
    return true;
}

void anchors_print(const struct anchors_found *found)
{
    printf("anchors: %" PRIu64 " there, %" PRIu64
           " of blocks that were let go\n",
           found->there, found->gone);
    if (found->missing != 0) {
        printf("%" PRIu64 " MISSING: the journal was cut short, or made anew\n",
               found->missing);
    }
    if (found->foreign != 0) {
        printf("%" PRIu64 " NOT SIGNED by this cabinet's device key\n",
               found->foreign);
    }
}
