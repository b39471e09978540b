/* SPDX-License-Identifier: Apache-2.0
 * Copyright the lockbus authors */
#ifndef LB_OS_H
#define LB_OS_H

/*
 * Everything of the library that touches the operating system: lines, the
 * directory a journal lives in, the loop that one descriptor stands for, the
 * worker, whole files. Each part has its own .c; they share nothing.
 */

#include "base/store.h"

#include <lockbus/line.h>

#include <stdbool.h>

/* ---- Lines (serial.c, tty.c, tcp.c) ------------------------------------- */

struct lb_serial_settings {
    uint32_t baud;
    uint8_t data_bits; /* 7 or 8 */
    char parity;       /* 'N', 'E' or 'O' */
    uint8_t stop_bits; /* 1 or 2 */
};

/*
 * Makes a line of a port's name, closed:
 *   usb:VVVV:PPPP[:SERIAL]  a USB adapter, found again after a replug
 *   path:/dev/NAME          a serial port, through libserialport
 *   pty:PATH                a plain tty or pty, settings by termios only
 *   rtu+tcp:HOST:PORT       RTU frames behind a serial server; HOST is an
 *                           address in numbers, since a lookup would block
 *   tcp:HOST:PORT           Modbus/TCP, as a line of RTU frames: transaction
 *                           numbers are checked; settings are not read
 * open() gives BUSY when another process or bus holds the port; OFFLINE when
 * it is not there, and while a TCP connection is being made: ask again (a
 * close() in between lets it go on). CONFIG names the field that the port's
 * driver did not take, or both adapters that a usb: name fits. The line is
 * given to *line (its `user` is allocated; lb_line_free). CONFIG: the name has
 * no such form, a setting is out of range; NOMEM.
 */
LOCKBUS_CHECK enum lockbus_err
lb_line_new(struct lockbus_line *line, const char *port,
            const struct lb_serial_settings *settings,
            struct lockbus_error *why);
void lb_line_free(struct lockbus_line *line);

/* What came of asking the driver not to hold short replies back. */
enum lb_low_latency {
    LB_LOW_LATENCY_NONE = 0, /* not applicable: no such knob, or not open */
    LB_LOW_LATENCY_ON = 1,
    LB_LOW_LATENCY_REFUSED = 2 /* slower: 16 ms a reply with FTDI chips */
};
/* For diagnostics; any line, also a host's own (NONE). */
enum lb_low_latency lb_line_low_latency(const struct lockbus_line *line);

/* ---- Ports (ports.c) ----------------------------------------------------- */

struct lb_port_info {
    char path[64], serial[64], driver[32], text[96];
    unsigned vid, pid; /* 0: not USB */
    int latency_ms;    /* -1: not known */
};
/* CONFIG: built without serial ports. More than `cap` are left out. */
LOCKBUS_CHECK enum lockbus_err lb_ports(struct lb_port_info *out, size_t cap,
                                        size_t *count);

/* ---- A directory as a store (dir.c, segment.c) -----------------------------
 */

/* Opens a directory for a journal, takes its lock (flock on `lock`); BUSY
 * when another process holds it, IO otherwise. read_only takes no lock. */
LOCKBUS_CHECK enum lockbus_err lb_dir_open(struct lb_store *store,
                                           const char *path, bool create,
                                           bool read_only,
                                           struct lockbus_error *why);
void lb_dir_close(struct lb_store *store);
size_t lb_dir_memory(void); /* bytes that an open one takes */
/* Why the store's last call that failed did so; only while none runs. */
void lb_dir_last_error(const struct lb_store *store, struct lockbus_error *why);

/* ---- Whole files (file.c) --------------------------------------------------
 */

/* A file's length as it is now; 0 when that cannot be told. */
size_t lb_file_len(const char *path);

/* What the rights of a file must say. */
enum lb_file_guard {
    LB_FILE_ANY = 0,     /* what it holds is signed, or pinned by a hash */
    LB_FILE_TRUSTED = 1, /* ours or root's, and only its owner and group may
                          * change it or exchange it in its folder */
    LB_FILE_PRIVATE = 2  /* it is ours, and nobody else may use it */
};

/* A whole regular file of at most `cap` bytes, or what a link to one leads
 * to; never waits. CONFIG (field type, length, mode or owner) or IO in
 * `why`. */
LOCKBUS_CHECK enum lockbus_err lb_file_read(const char *path, uint8_t *buf,
                                            size_t cap, size_t *len,
                                            enum lb_file_guard guard,
                                            struct lockbus_error *why);
/* A new file, durable; USAGE when it exists. */
LOCKBUS_CHECK enum lockbus_err lb_file_write(const char *path,
                                             const uint8_t *bytes, size_t len,
                                             unsigned mode,
                                             struct lockbus_error *why);

/* ---- The loop (loop.c): one epoll descriptor with a timer ------------------
 */

enum { LB_LOOP_WATCHES = 16 };
struct lb_loop {
    int epoll, timer;
    int watched[LB_LOOP_WATCHES];
    size_t count;
    uint64_t begun_us;    /* 0: nobody said */
    uint64_t due_us;      /* when it should wake its owner; 0: never */
    uint32_t early_16ths; /* of a microsecond: armed so long before that */
};
LOCKBUS_CHECK enum lockbus_err lb_loop_open(struct lb_loop *loop);
void lb_loop_close(struct lb_loop *loop);
/* The set of descriptors to watch for input; cheap when nothing changed. */
void lb_loop_watch(struct lb_loop *loop, const int *fds, size_t count);
/* Now is the moment from which lb_loop_arm() counts: what the owner does in
 * between must not put the timer off. */
void lb_loop_begin(struct lb_loop *loop);
/* Microseconds since then; `loop` is a struct lb_loop. */
uint64_t lb_loop_since(const void *loop);
/* Watched for ever, beside what lb_loop_watch() says: one that is never
 * closed and opened again. */
LOCKBUS_CHECK enum lockbus_err lb_loop_keep(struct lb_loop *loop, int fd);
/* Makes the descriptor readable `in_us` from then; UINT64_MAX: never. A
 * process runs some time after it was woken: the loop learns how long that
 * takes here, and wakes up to 0.2 ms early, so that the owner may have to
 * come back once for the rest. Without lb_loop_begin() it is never early. */
void lb_loop_arm(struct lb_loop *loop, uint64_t in_us);

/* ---- The worker (worker.c): one thread for what blocks ---------------------
 */

enum { LB_WORKER_JOBS = 4 };
struct lb_worker;
/* inline_only runs each job inside lb_worker_submit(): tests, simulations. */
LOCKBUS_CHECK enum lockbus_err lb_worker_new(struct lb_worker **out,
                                             bool inline_only);
/* Waits for the job that runs. */
void lb_worker_free(struct lb_worker **worker);
size_t lb_worker_memory(void);                    /* bytes that one takes */
int lb_worker_fd(const struct lb_worker *worker); /* readable when one ended */
/* BUSY when LB_WORKER_JOBS wait. `run` is called on the worker's thread. */
LOCKBUS_CHECK enum lockbus_err
lb_worker_submit(struct lb_worker *worker, void (*run)(void *job), void *job);
/* A job that has ended, oldest first; NULL: none. */
void *lb_worker_ended(struct lb_worker *worker);

/* ---- Clocks, for tools and the runner only --------------------------------
 */

uint64_t lb_clock_boot_us(void);

/* Memory that is not swapped, where allowed; *locked says whether it is. */
void lb_memory_lock(void *p, size_t len, bool *locked);

#endif
