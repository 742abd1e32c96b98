/* SPDX-License-Identifier: Apache-2.0 */
/* What the watcher saw, as the result tells it. */
#include "runtime/container/once.h"

#include "runtime/container/outcome.h"

bool once_watches(const struct once *once, int number)
{
	const struct oci_limits *limits = &once->limits;

	if (number == 1 && once->request->merge_stderr)
		return false;
	return once->keep_output || limits->output.value ||
	       (number ? limits->stderr_bytes.value : limits->stdout_bytes.value);
}

static void take_stream(struct once *once, int number)
{
	struct stream *stream = &once->watch.streams[number];
	struct result_stream *ret = &once->result.streams[number];

	if (!once_watches(once, number))
		return;
	outcome_take_stream(&once->result, stream, number);
	if (stream->limit == ONCE_KEEP_MAX && once->keep_output)
		ret->limit = (struct opt_u64){true, ONCE_KEEP_MAX};
	if (!once->keep_output)
		return;
	ret->data = stream->kept ? stream->kept : "";
	ret->data_length = (size_t)stream->bytes;
	if (stream->kept)
		stream->kept[stream->bytes] = '\0';
}

void once_take_watch(struct once *once)
{
	struct result *result = &once->result;

	outcome_take(result, &once->watch, &once->birth.operation.arena);
	/* The reaper is not the program's. */
	if (once->birth.request.reaper && result->counters.pids_peak.value > 0)
		result->counters.pids_peak.value--;
	once_measure_tmp(once);
	take_stream(once, 0);
	take_stream(once, 1);
}
