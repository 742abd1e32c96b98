/* SPDX-License-Identifier: Apache-2.0 */
/* What must hold for every plan, whatever it says. */
#ifndef MAYFLY_MEETINGS_H
#define MAYFLY_MEETINGS_H

#include "runtime/plan/plan.h"

/* Every TELL of one side is the other's AWAIT, in the same order: no side waits for ever. */
int check_meetings(const struct plan *plan, struct error *err);

/* Each slot that is used was filled before. */
int check_slots(const struct plan *plan, struct error *err);

#endif
