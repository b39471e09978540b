/* SPDX-License-Identifier: Apache-2.0
 * Copyright the lockbus authors */
#ifndef SIM_SERVER_H
#define SIM_SERVER_H

/* The unix socket that carries the commands of control.h. */

#include "control.h"

#include <poll.h>

enum { SIM_CLIENTS = 8 };

struct sim_client {
    int fd; /* -1: none */
    char line[SIM_COMMAND_MAX];
    size_t len;
};

struct sim_server {
    int listener; /* -1: no control socket was asked for */
    char path[108];
    struct sim_client client[SIM_CLIENTS];
    char answer[SIM_ANSWER_MAX];
};

/* False: errno says why. NULL as path: none is opened. */
bool sim_server_open(struct sim_server *server, const char *path);
void sim_server_close(struct sim_server *server);

/* Adds what to watch; SIM_CLIENTS + 1 at most. Returns how many. */
size_t sim_server_watch(const struct sim_server *server, struct pollfd *fds);

/* Accepts, reads, answers. */
void sim_server_serve(struct sim_server *server, struct sim_world *world,
                      uint64_t now);

#endif
