/* SPDX-License-Identifier: Apache-2.0
 * Copyright the lockbus authors */
#include "screen.h"

#include "draw.h"

#include <curses.h>
#include <locale.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <term.h>
#include <unistd.h>

enum {
    ESC_DELAY_MS = 50,
    CTRL_C = 'C' & 0x1F,
    CTRL_L = 'L' & 0x1F,
    ESCAPE = 0x1B,
    DELETE = 0x7F
};

static SCREEN *terminal;
static struct draw view;

/* Asked before curses writes anything. */
static bool can_be_legible(void)
{
    struct winsize size = {0};
    int ended = 0;

    if (!isatty(STDOUT_FILENO) || !isatty(STDIN_FILENO) ||
        setupterm(NULL, STDOUT_FILENO, &ended) != OK) {
        return false;
    }
    const char *move = tigetstr("cup");
    int rows = tigetnum("lines"), cols = tigetnum("cols");

    if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_row > 0 &&
        size.ws_col > 0) {
        rows = size.ws_row;
        cols = size.ws_col;
    }
    bool can = move != NULL && move != (const char *)-1 &&
               rows >= LAYOUT_ROWS_MIN && cols >= LAYOUT_COLS_MIN;

    (void)del_curterm(cur_term);
    return can;
}

static bool wants_colours(void)
{
    const char *no = getenv("NO_COLOR");

    return (no == NULL || no[0] == '\0') && has_colors() &&
           start_color() == OK && use_default_colors() == OK;
}

bool screen_open(void)
{
    static bool at_exit;

    if (terminal != NULL) {
        return true;
    }
    if (!can_be_legible()) {
        return false;
    }
    (void)setlocale(LC_CTYPE, ""); /* names may hold more than ASCII */
    terminal = newterm(NULL, stdout, stdin);
    if (terminal == NULL) {
        return false;
    }
    memset(&view, 0, sizeof view);
    view.colours = wants_colours();
    if (view.colours) {
        draw_colours();
    }
    (void)cbreak();
    (void)noecho();
    (void)nonl();
    (void)curs_set(0);
    (void)keypad(stdscr, TRUE);
    (void)set_escdelay(ESC_DELAY_MS);
    if (!at_exit) {
        at_exit = atexit(screen_close) == 0;
    }
    return true;
}

void screen_close(void)
{
    if (terminal == NULL) {
        return;
    }
    SCREEN *gone = terminal;

    terminal = NULL;
    view.picture = NULL;
    (void)endwin();
    delscreen(gone);
}

static void redraw(void)
{
    if (terminal != NULL && view.picture != NULL) {
        draw_all(&view, LINES, COLS);
        (void)refresh();
    }
}

void screen_draw(const struct picture *picture)
{
    view.picture = picture;
    redraw();
}

void screen_wish(const struct order_wish *wish, bool boards)
{
    view.wish = *wish;
    view.boards = boards;
}

/* A text to filter by; every key belongs to it until it is done. */
static bool typed(int key)
{
    char *text = view.wish.text;
    size_t len = strlen(text);

    if (key == CTRL_C || key == KEY_RESIZE || key == CTRL_L) {
        return false;
    }
    if (key == ESCAPE) {
        text[0] = '\0';
    } else if ((key == KEY_BACKSPACE || key == DELETE || key == '\b') &&
               len > 0) {
        text[len - 1] = '\0';
    } else if (key > ' ' && key < DELETE && len + 1 < ORDER_TEXT) {
        text[len] = (char)key;
        text[len + 1] = '\0';
    }
    view.typing =
        key != ESCAPE && key != '\r' && key != '\n' && key != KEY_ENTER;
    view.page = 0;
    return true;
}

/* Whether it was a key of the screen's own. */
static bool handled(int key)
{
    if (view.typing && typed(key)) {
        return true;
    }
    switch (key) {
    case KEY_RESIZE:
        break;
    case CTRL_L:
        (void)clearok(curscr, TRUE);
        break;
    case 's':
        view.wish.by = (enum order_by)((view.wish.by + 1) % ORDER_BYS);
        view.page = 0;
        break;
    case 'f':
        view.wish.show = (enum order_show)((view.wish.show + 1) % ORDER_SHOWS);
        view.page = 0;
        break;
    case '/':
        view.typing = true;
        break;
    case ESCAPE:
        view.wish.text[0] = '\0';
        view.page = 0;
        break;
    case 'b':
        view.boards = !view.boards;
        view.page = 0;
        break;
    case KEY_NPAGE:
    case KEY_DOWN:
    case KEY_RIGHT:
    case ' ':
        view.page += view.page + 1 < view.pages;
        break;
    case KEY_PPAGE:
    case KEY_UP:
    case KEY_LEFT:
        view.page -= view.page > 0;
        break;
    default:
        return false;
    }
    return true;
}

int screen_key(int wait_ms)
{
    if (terminal == NULL) {
        return -1;
    }
    timeout(wait_ms);
    int key = getch();

    if (key == ERR) {
        return -1;
    }
    if (handled(key)) {
        redraw();
        return -1;
    }
    return key;
}
