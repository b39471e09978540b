/* SPDX-License-Identifier: Apache-2.0
 * Copyright the lockbus authors */
#include "simulator.h"

#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

enum { START_MS = 10000, REPLY_MS = 2000, LINE_MAX_LEN = 4096 };

static bool read_line(int fd, char *line, size_t cap, int timeout_ms)
{
    size_t len = 0;

    while (len + 1 < cap) {
        struct pollfd wait = {fd, POLLIN, 0};

        if (poll(&wait, 1, timeout_ms) != 1 || read(fd, line + len, 1) != 1) {
            return false;
        }
        if (line[len] == '\n') {
            line[len] = '\0';
            return true;
        }
        len++;
    }
    return false;
}

static void become(const char *program, const char *dir, const char *control,
                   const char *shut, int out)
{
    char config[300];

    (void)snprintf(config, sizeof config, "%s/cabinet.ini", dir);
    (void)dup2(out, STDOUT_FILENO);
    (void)close(out);
    if (shut != NULL) {
        execl(program, program, "--control", control, "--shut-after", shut,
              config, (char *)NULL);
    } else {
        execl(program, program, "--control", control, config, (char *)NULL);
    }
    _exit(127);
}

static bool connect_to(struct simulator *sim, const char *path)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};

    if (strlen(path) >= sizeof address.sun_path) {
        return false;
    }
    memcpy(address.sun_path, path, strlen(path) + 1);
    sim->control = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    return sim->control >= 0 &&
           connect(sim->control, (struct sockaddr *)&address, sizeof address) ==
               0;
}

bool simulator_start(struct simulator *sim, const char *program,
                     const char *dir, unsigned shut_ms)
{
    char control[300], shut[16], line[LINE_MAX_LEN];
    int out[2];

    sim->control = -1;
    sim->pid = -1;
    (void)snprintf(control, sizeof control, "%s/sim.sock", dir);
    (void)snprintf(shut, sizeof shut, "%u", shut_ms);
    if (pipe(out) != 0) {
        return false;
    }
    sim->pid = fork();
    if (sim->pid == 0) {
        (void)close(out[0]);
        become(program, dir, control, shut_ms != 0 ? shut : NULL, out[1]);
    }
    (void)close(out[1]);
    bool ready = sim->pid > 0 &&
                 read_line(out[0], line, sizeof line, START_MS) &&
                 strncmp(line, "ready", 5) == 0;

    (void)close(out[0]);
    if (!ready || !connect_to(sim, control)) {
        simulator_stop(sim);
        return false;
    }
    return true;
}

bool simulator_ask(struct simulator *sim, const char *line, char *reply,
                   size_t cap)
{
    char text[LINE_MAX_LEN];
    int len = snprintf(text, sizeof text, "%s\n", line);

    if (len < 0 || (size_t)len >= sizeof text ||
        write(sim->control, text, (size_t)len) != len ||
        !read_line(sim->control, text, sizeof text, REPLY_MS) ||
        strncmp(text, "ok", 2) != 0) {
        return false;
    }
    (void)snprintf(reply, cap, "%s", text[2] == ' ' ? text + 3 : text + 2);
    return true;
}

void simulator_stop(struct simulator *sim)
{
    if (sim->control >= 0) {
        (void)close(sim->control);
        sim->control = -1;
    }
    if (sim->pid > 0) {
        (void)kill(sim->pid, SIGTERM);
        (void)waitpid(sim->pid, NULL, 0);
        sim->pid = -1;
    }
}
