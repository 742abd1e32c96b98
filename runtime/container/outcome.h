/* SPDX-License-Identifier: Apache-2.0 */
/* From what was seen of a container to its result: the same for `once` and the monitor. */
#ifndef MAYFLY_OUTCOME_H
#define MAYFLY_OUTCOME_H

#include "runtime/watch/watch.h"

/* Text lives in ARENA. RESULT has its limits already. */
void outcome_take(struct result *result, const struct watch *watch, struct arena *arena);
void outcome_take_stream(struct result *result, const struct stream *stream, int number);

#endif
