/* SPDX-License-Identifier: Apache-2.0
 * Copyright the lockbus authors */
#define _GNU_SOURCE /* accept4 */
#include "server.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

static bool listen_on(struct sim_server *server)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    struct stat info;

    memcpy(address.sun_path, server->path, sizeof server->path);
    if (lstat(server->path, &info) == 0 && S_ISSOCK(info.st_mode)) {
        (void)unlink(server->path); /* another one left it behind */
    }
    server->listener =
        socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (server->listener < 0) {
        return false;
    }
    mode_t before = umask(0077); /* whoever may write here opens doors */
    int rc = bind(server->listener, (const struct sockaddr *)&address,
                  sizeof address);
    (void)umask(before);
    return rc == 0 && listen(server->listener, SIM_CLIENTS) == 0;
}

bool sim_server_open(struct sim_server *server, const char *path)
{
    memset(server, 0, sizeof *server);
    server->listener = -1;
    for (size_t i = 0; i < SIM_CLIENTS; i++) {
        server->client[i].fd = -1;
    }
    if (path == NULL) {
        return true;
    }
    if ((size_t)snprintf(server->path, sizeof server->path, "%s", path) >=
        sizeof server->path) {
        errno = ENAMETOOLONG;
        server->path[0] = '\0';
        return false;
    }
    return listen_on(server);
}

static void drop(struct sim_client *client)
{
    (void)close(client->fd);
    client->fd = -1;
    client->len = 0;
}

void sim_server_close(struct sim_server *server)
{
    for (size_t i = 0; i < SIM_CLIENTS; i++) {
        if (server->client[i].fd >= 0) {
            drop(&server->client[i]);
        }
    }
    if (server->listener >= 0) {
        (void)close(server->listener);
        (void)unlink(server->path);
        server->listener = -1;
    }
}

size_t sim_server_watch(const struct sim_server *server, struct pollfd *fds)
{
    size_t count = 0;

    if (server->listener < 0) {
        return 0;
    }
    fds[count++] = (struct pollfd){server->listener, POLLIN, 0};
    for (size_t i = 0; i < SIM_CLIENTS; i++) {
        if (server->client[i].fd >= 0) {
            fds[count++] = (struct pollfd){server->client[i].fd, POLLIN, 0};
        }
    }
    return count;
}

static void take_new(struct sim_server *server)
{
    int fd =
        accept4(server->listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);

    for (size_t i = 0; fd >= 0 && i < SIM_CLIENTS; i++) {
        if (server->client[i].fd < 0) {
            server->client[i].fd = fd;
            server->client[i].len = 0;
            return;
        }
    }
    if (fd >= 0) {
        (void)close(fd);
    }
}

static bool answer(struct sim_server *server, struct sim_client *client)
{
    size_t len = strlen(server->answer);

    if (len == SIM_ANSWER_MAX - 1) {
        len--;
    }
    server->answer[len++] = '\n';
    return send(client->fd, server->answer, len, MSG_NOSIGNAL) == (ssize_t)len;
}

/* Every whole line that the client has sent; false: it is to be dropped. */
static bool run_lines(struct sim_server *server, struct sim_client *client,
                      struct sim_world *world, uint64_t now)
{
    char *end;

    while ((end = memchr(client->line, '\n', client->len)) != NULL) {
        size_t used = (size_t)(end - client->line) + 1;
        *end = '\0';
        sim_control(world, now, client->line, server->answer);
        client->len -= used;
        memmove(client->line, client->line + used, client->len);
        if (!answer(server, client)) {
            return false;
        }
    }
    return client->len < sizeof client->line;
}

static void hear(struct sim_server *server, struct sim_client *client,
                 struct sim_world *world, uint64_t now)
{
    ssize_t got = read(client->fd, client->line + client->len,
                       sizeof client->line - client->len);

    if (got < 0 && (errno == EAGAIN || errno == EINTR)) {
        return;
    }
    if (got <= 0) {
        drop(client);
        return;
    }
    client->len += (size_t)got;
    if (!run_lines(server, client, world, now)) {
        drop(client);
    }
}

void sim_server_serve(struct sim_server *server, struct sim_world *world,
                      uint64_t now)
{
    if (server->listener < 0) {
        return;
    }
    take_new(server);
    for (size_t i = 0; i < SIM_CLIENTS; i++) {
        if (server->client[i].fd >= 0) {
            hear(server, &server->client[i], world, now);
        }
    }
}
