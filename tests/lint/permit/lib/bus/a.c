/* SPDX-License-Identifier: Apache-2.0
 * Copyright the lockbus authors */
static const struct lb_permit mine = {.ref = 1, .pulses = 3};

static void allowed(struct slot *slot, const struct lb_permit *given)
{
    struct lb_permit none = {0};

    slot->permit = *given;
    slot->permit = none;
    slot->permit.pulses--;
    slot->permit.pulses = 0;
    slot->permit = (struct lb_permit){0};
    slot->ref = given->ref;
    slot->borrowed = &slot->permit;
    if (slot->ref == given->ref && given->deadline_ms == 4) {
        spend(&slot->permit, &doors[given->door]);
    }
}

static void forbidden(struct slot *slot, const uint8_t *bytes)
{
    struct lb_permit made = {0};
    uint32_t *where = &slot->permit.ref;

    made.ref = 3;
    made.deadline_ms += 1000;
    slot->permit.pulses = 3;
    slot->permit.pulses++;
    slot->permit = (struct lb_permit){.ref = 1};
    slot->permit = *(struct lb_permit *)bytes;
    *slot = (struct slot){.permit = {1, 2, 3, 4}};
    memcpy(&slot->permit, bytes, sizeof slot->permit);
    lb_copy(&made, bytes, sizeof made);
    slot->permit = forge(bytes);
}
