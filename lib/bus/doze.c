/* SPDX-License-Identifier: Apache-2.0
 * Copyright the lockbus authors */

/*
 * Each byte would wake the host, and a wake-up costs more than all that is
 * done in it. Of a reply only the end says anything, so the line is left
 * alone until all but the last byte can be there; that one wakes the host by
 * itself, and the end is seen as early as ever.
 *
 * When that is follows from what has arrived, and before anything has, from
 * how long this board took before. A board that answers sooner than it used
 * to is heard a little late, once or twice: it is learnt from.
 */
#include "bus/poll.h"

static uint64_t begun_until(const struct lb_bus *bus)
{
    size_t missing = lb_wire_missing(bus);

    return missing < LB_DOZE_BYTES
               ? 0
               : bus->rx_last_us + lb_wire_us(bus, missing - 1);
}

/* Two thirds of a byte before the expected end the last byte but one is
 * there. Twice the usual deviation is what a board may be early. */
static uint64_t expected_until(const struct lb_bus *bus)
{
    const struct lb_exchange *txn = &bus->txn;
    const struct lb_node *node = &bus->node[txn->pick.board];
    uint64_t whole = lb_wire_us(bus, txn->request.reply_len);
    uint64_t early = 2 * (uint64_t)node->rttvar_us + lb_wire_us(bus, 2) / 3;
    uint64_t end = bus->wire_end_us + whole + node->srtt_us;

    return !node->timed || txn->pick.probe ? 0 : end - early;
}

void lb_doze(struct lb_bus *bus)
{
    uint64_t until = bus->rx_len > 0 ? begun_until(bus) : expected_until(bus);

    if (bus->baud != 0 && until > bus->now_us) {
        bus->deaf = true;
        lb_sooner(&bus->wake_us, until);
    }
}
