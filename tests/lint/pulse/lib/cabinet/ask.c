/* SPDX-License-Identifier: Apache-2.0
 * Copyright the lockbus authors */
void lb_ask(void)
{
    if (lb_gate_permit(gate, 1, &permit)) {
        lb_bus_pulse(bus, 1, 2, &permit, 3);
    }
}
