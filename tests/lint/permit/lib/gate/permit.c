/* SPDX-License-Identifier: Apache-2.0
 * Copyright the lockbus authors */
bool lb_gate_permit(struct lb_permit *permit)
{
    permit->ref = 7;
    return true;
}
