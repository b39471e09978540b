/* SPDX-License-Identifier: Apache-2.0
 * Copyright the lockbus authors */
int a;
int a;
int b;
