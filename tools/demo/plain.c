/* SPDX-License-Identifier: Apache-2.0
 * Copyright the lockbus authors */
#include "plain.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

enum { WIDTH = 78 };

/* A paragraph, its lines after the first indented as far as the first. A list
 * breaks after its commas, with or without spaces. */
static void put_wrapped(const char *mark, const char *text)
{
    int indent = (int)strlen(mark);
    int column = printf("%s", mark);
    bool spaced = false;

    while (*text != '\0') {
        int word = (int)strcspn(text, " ,");

        word += text[word] == ',';
        if (column > indent && column + spaced + word > WIDTH) {
            column = printf("\n%*s", indent, "") - 1;
            spaced = false;
        }
        column += printf("%s%.*s", spaced ? " " : "", word, text);
        text += word;
        spaced = *text == ' ';
        text += strspn(text, " ");
    }
    printf("\n");
}

static void tell(void *user, const struct told *told,
                 const struct picture *seen)
{
    char number[16];

    (void)user;
    (void)seen;
    switch (told->kind) {
    case TELL_SCENE:
        (void)snprintf(number, sizeof number, "%u. ", told->scene);
        printf("\n");
        put_wrapped(number, told->text);
        break;
    case TELL_HELD:
        put_wrapped("  [ok] ", told->text);
        break;
    case TELL_BROKEN:
        put_wrapped("  [BROKEN] ", told->text);
        break;
    case TELL_NOTE:
        put_wrapped("       ", told->text);
        break;
    case TELL_WORDS:
        put_wrapped("       ", told->text);
        break;
    case TELL_EVENT:
        break;
    }
    (void)fflush(stdout);
}

struct outlet plain_outlet(void)
{
    return (struct outlet){.tell = tell};
}
