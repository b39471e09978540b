/* SPDX-License-Identifier: Apache-2.0
 * Copyright the lockbus authors */

/*
 * Permits at work. A permit waits as a job; its first pulse goes in any
 * case, since a sensor that is stuck open must not lock a person out. A
 * further one needs a reading that was asked for after the rest time and
 * says shut: whether the confirmation of the last one came makes no
 * difference, so a lost one is never simply sent again. A channel without an
 * input of its own, or whose input tells of contents, gets one pulse.
 *
 * No pulse is begun that could still hold the latch open near the permit's
 * deadline: it ends, and the leaf has had its time to be seen, before that.
 * For at the deadline a leaf that was never seen open is said to have stayed
 * shut, and the use is given back. What has not been sent in time, or when its
 * board goes away, is dropped and said so. While an output of this bus is on
 * that should be off, none is driven (hold.c).
 */
#include "bus/poll.h"

static struct lb_channel *channel_of(struct lb_bus *bus,
                                     const struct lb_job *job)
{
    return &bus->node[job->board].channel[job->channel];
}

bool lb_pulse_linked(const struct lb_node *node)
{
    return node->link == LB_LINK_PRESENT || node->link == LB_LINK_MISSED ||
           node->link == LB_LINK_SUSPECT;
}

/* The job's pulse is in hand: it may not be forgotten before its outcome. */
static bool in_flight(const struct lb_bus *bus, const struct lb_job *job)
{
    return bus->txn.state != LB_TXN_IDLE && bus->txn.pick.op == LB_OP_PULSE &&
           &bus->job[bus->txn.pick.job] == job &&
           bus->txn.job_number == job->number;
}

/* ---- Asking and withdrawing --------------------------------------------- */

static struct lb_job *job_for(struct lb_bus *bus, uint8_t board,
                              uint8_t channel)
{
    for (size_t i = 0; i < LB_JOBS; i++) {
        if (bus->job[i].used && bus->job[i].board == board &&
            bus->job[i].channel == channel) {
            return &bus->job[i];
        }
    }
    return NULL;
}

enum lockbus_err lb_bus_pulse(struct lb_bus *bus, uint8_t board,
                              uint8_t channel, const struct lb_permit *permit,
                              uint64_t deadline_us)
{
    if (bus == NULL || permit == NULL || permit->ref == 0 ||
        permit->pulses == 0 || permit->pulses > LB_PERMIT_PULSES ||
        board >= bus->nodes ||
        channel >= bus->node[board].board.profile->channels) {
        return LOCKBUS_ERR_USAGE;
    }
    if (bus->stopping || !bus->open || !lb_pulse_linked(&bus->node[board])) {
        return LOCKBUS_ERR_OFFLINE;
    }
    if (job_for(bus, board, channel) != NULL) {
        return LOCKBUS_ERR_BUSY;
    }
    for (size_t i = 0; i < LB_JOBS; i++) {
        if (!bus->job[i].used) {
            bus->job[i] = (struct lb_job){.used = true,
                                          .board = board,
                                          .channel = channel,
                                          .number = ++bus->job_number,
                                          .permit = *permit,
                                          .deadline_us = deadline_us};
            if (deadline_us > bus->node[board].watch_until_us) {
                bus->node[board].watch_until_us = deadline_us;
            }
            bus->wake_us = bus->now_us;
            return LOCKBUS_OK;
        }
    }
    return LOCKBUS_ERR_BUSY;
}

void lb_bus_cancel(struct lb_bus *bus, uint8_t board, uint8_t channel)
{
    struct lb_job *job = job_for(bus, board, channel);

    if (job == NULL) {
        return;
    }
    if (in_flight(bus, job) &&
        (bus->txn.state > LB_TXN_SENDING || bus->txn.handed > 0)) {
        job->last = true; /* this one is out; no further */
        return;
    }
    job->used = false;
}

/* ---- What may go -------------------------------------------------------- */

/* How long before the deadline a pulse must begin: its request, the board's
 * turn, the pulse, and the time to pull the leaf and to read it open. */
static uint64_t needs_us(const struct lb_bus *bus, const struct lb_job *job)
{
    const struct lb_node *node = &bus->node[job->board];

    return lb_wire_us(bus, LB_REQUEST_MAX) + lb_wire_turn_us(bus, node) +
           (uint64_t)node->board.pulse_ms * 1000 + LB_SETTLE_US;
}

static bool in_time(const struct lb_bus *bus, const struct lb_job *job)
{
    return bus->now_us + needs_us(bus, job) < job->deadline_us;
}

/* When it is too late for it; 0 when it always was. */
static uint64_t too_late_us(const struct lb_bus *bus, const struct lb_job *job)
{
    uint64_t needs = needs_us(bus, job);

    return job->deadline_us > needs ? job->deadline_us - needs : 0;
}

/* Solenoids that may be driven now; *first_off: when the next one ends. */
static size_t driven(const struct lb_bus *bus, uint64_t *first_off)
{
    size_t count = 0;

    for (size_t b = 0; b < bus->nodes; b++) {
        for (size_t c = 0; c < bus->node[b].board.profile->channels; c++) {
            uint64_t until = bus->node[b].channel[c].on_until_us;

            if (until > bus->now_us) {
                count++;
                lb_sooner(first_off, until);
            }
        }
    }
    return count;
}

static bool seen_shut(const struct lb_node *node, const struct lb_channel *at)
{
    return node->link == LB_LINK_PRESENT && at->known == LB_LEVEL_SHUT &&
           at->candidate == LB_LEVEL_NONE &&
           node->read_sent_us >= at->rest_until_us;
}

static bool may_go(const struct lb_bus *bus, const struct lb_job *job,
                   uint64_t *wake)
{
    const struct lb_node *node = &bus->node[job->board];
    const struct lb_channel *at = &node->channel[job->channel];

    lb_sooner(wake, too_late_us(bus, job));
    /* One that may have lost its power is switched off before it is driven. */
    if (!in_time(bus, job) || !lb_pulse_linked(node) || node->doubt ||
        node->step != LB_STEP_NONE) {
        return false;
    }
    if (at->rest_until_us > bus->now_us || at->write_quiet_us > bus->now_us) {
        lb_sooner(wake, at->rest_until_us > at->write_quiet_us
                            ? at->rest_until_us
                            : at->write_quiet_us);
        return false;
    }
    return job->sent == 0 || seen_shut(node, at);
}

bool lb_pulse_pick(const struct lb_bus *bus, struct lb_pick *pick,
                   uint64_t *wake)
{
    uint64_t first_off = UINT64_MAX;
    size_t best = LB_JOBS;

    if (lb_hold_blocks(bus)) {
        return false;
    }
    for (size_t i = 0; i < LB_JOBS; i++) {
        const struct lb_job *job = &bus->job[i];

        if (job->used && may_go(bus, job, wake) &&
            (best == LB_JOBS || job->number < bus->job[best].number)) {
            best = i;
        }
    }
    if (best == LB_JOBS) {
        return false;
    }
    if (driven(bus, &first_off) >= bus->at_once) {
        lb_sooner(wake, first_off);
        return false;
    }
    *pick = (struct lb_pick){.op = LB_OP_PULSE,
                             .board = bus->job[best].board,
                             .channel = bus->job[best].channel,
                             .job = (uint8_t)best};
    return true;
}

/* Asked again when the line is clear: the job may have gone or be too late. */
bool lb_pulse_still(const struct lb_bus *bus)
{
    const struct lb_job *job = &bus->job[bus->txn.pick.job];

    return job->used && job->number == bus->txn.job_number &&
           in_time(bus, job) && !bus->stopping && !lb_hold_blocks(bus);
}

/* Nothing of a request is on the wire while the line is still to fall silent
 * for it: a permit that comes meanwhile goes first, and need not wait for a
 * whole exchange. */
bool lb_pulse_overtakes(const struct lb_bus *bus)
{
    struct lb_pick pulse;
    uint64_t wake = UINT64_MAX;

    if (bus->txn.state == LB_TXN_QUIET && lb_hold_cuts(bus, &wake)) {
        return true;
    }
    return bus->txn.state == LB_TXN_QUIET && bus->txn.pick.op != LB_OP_PULSE &&
           !bus->stopping && bus->echo != LB_ECHO_UNKNOWN &&
           lb_pulse_pick(bus, &pulse, &wake);
}

/* ---- What came of it ---------------------------------------------------- */

static void drive(struct lb_channel *at, const struct lb_bus_board *board,
                  uint64_t begins_us)
{
    at->on_until_us = begins_us + (uint64_t)board->pulse_ms * 1000;
    at->rest_until_us = at->on_until_us + (uint64_t)board->rest_ms * 1000;
}

void lb_bus_pulsed_before(struct lb_bus *bus, uint8_t board, uint8_t channel,
                          uint64_t began_us, uint64_t now_us)
{
    if (board >= bus->nodes ||
        channel >= bus->node[board].board.profile->channels) {
        return;
    }
    struct lb_node *node = &bus->node[board];
    struct lb_channel *at = &node->channel[channel];

    drive(at, &node->board, began_us);
    if (node->board.profile->host_timed && at->on_until_us > now_us) {
        lb_hold_begin(bus, at);
    }
}

void lb_pulse_handed(struct lb_bus *bus)
{
    struct lb_job *job = &bus->job[bus->txn.pick.job];
    struct lb_node *node = &bus->node[job->board];

    if (bus->txn.pick.hold) {
        lb_hold_sending(bus);
    }
    if (bus->txn.pick.op != LB_OP_PULSE) {
        return;
    }
    job->sent++;
    job->permit.pulses--;
    bus->count.pulses++;
    node->count.pulses++;
    if (node->board.profile->host_timed) {
        drive(channel_of(bus, job), &node->board, bus->wire_end_us);
        lb_hold_begin(bus, channel_of(bus, job));
        return;
    }
    /* it may begin as late as a confirmation could still come */
    drive(channel_of(bus, job), &node->board,
          bus->wire_end_us + lb_wire_turn_us(bus, node));
}

void lb_pulse_done(struct lb_bus *bus, unsigned effects, uint8_t exception)
{
    struct lb_job *job = &bus->job[bus->txn.pick.job];
    struct lb_node *node = &bus->node[bus->txn.pick.board];

    if (!job->used || job->number != bus->txn.job_number ||
        (effects & LB_TXN_DROPPED) != 0) {
        return; /* it waits on, or was withdrawn */
    }
    if ((effects & LB_TXN_OK) != 0) {
        if (!node->board.profile->host_timed) {
            drive(channel_of(bus, job), &node->board, bus->now_us);
        }
        lb_report_job(bus, LB_REPORT_ACCEPTED, job, NULL);
    } else {
        lb_report_job(bus, LB_REPORT_PULSE_LOST, job,
                      exception != 0 ? "the board answered with an exception"
                                     : "the board did not confirm");
    }
    node->motion_until_us =
        bus->now_us + (uint64_t)node->board.pulse_ms * 1000 + LB_MOTION_US;
    node->ask = true;
    if (job->last || job->permit.pulses == 0 ||
        !node->board.profile->leaf_is_read ||
        lb_leaf_is_content(node, job->channel)) {
        job->used = false;
    }
}

/* After a reading: a leaf that is open ends its job. */
void lb_pulse_read(struct lb_bus *bus, uint8_t board)
{
    for (size_t i = 0; i < LB_JOBS; i++) {
        struct lb_job *job = &bus->job[i];

        if (job->used && job->board == board && job->sent > 0 &&
            channel_of(bus, job)->known == LB_LEVEL_OPEN) {
            job->used = false;
            bus->node[board].motion_until_us = bus->now_us;
        }
    }
}

bool lb_pulse_waits(const struct lb_bus *bus, uint8_t board)
{
    for (size_t i = 0; i < LB_JOBS; i++) {
        if (bus->job[i].used && bus->job[i].board == board) {
            return true;
        }
    }
    return false;
}

bool lb_pulse_goes_on(const struct lb_bus *bus, uint8_t board)
{
    for (size_t i = 0; i < LB_JOBS; i++) {
        if (bus->job[i].used && bus->job[i].board == board &&
            bus->job[i].sent > 0) {
            return true;
        }
    }
    return false;
}

static void end_job(struct lb_bus *bus, struct lb_job *job, const char *text)
{
    if (job->sent == 0) {
        lb_report_job(bus, LB_REPORT_DROPPED, job, text);
    }
    job->used = false;
}

void lb_pulse_expire(struct lb_bus *bus)
{
    for (size_t i = 0; i < LB_JOBS; i++) {
        struct lb_job *job = &bus->job[i];

        if (job->used && !in_time(bus, job) && !in_flight(bus, job)) {
            end_job(bus, job, "its deadline passed");
        }
    }
}

void lb_pulse_drop(struct lb_bus *bus, uint8_t board, const char *text)
{
    for (size_t i = 0; i < LB_JOBS; i++) {
        if (bus->job[i].used && bus->job[i].board == board) {
            end_job(bus, &bus->job[i], text);
        }
    }
}
