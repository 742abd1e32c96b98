/* SPDX-License-Identifier: Apache-2.0 */
/* Orders of events, what the kernel counted, and the one verdict that must come of them. */
#include "runtime/verdict/verdict.h"

#include "tests/unit/tap.h"

#include <errno.h>
#include <signal.h>

/* One wake: up to three causes; the rows of a case are the wakes in their order. */
struct wake {
	enum cause causes[3];
};

struct row {
	const char *name;
	struct wake wakes[3];
	struct verdict_facts facts; /* all but the latch */
	enum verdict verdict;
	const char *hits; /* joined by spaces */
};

#define WAKE(...)                                                                              \
	{                                                                                      \
		{                                                                              \
			__VA_ARGS__                                                            \
		}                                                                              \
	}
#define EXITED(code) .ended = true, .exit_code = (code)
#define DIED(number) .ended = true, .signal = (number)
#define COUNTED(oom_, kills)                                                                   \
	.counters = {.oom = {true, oom_}, .oom_kill = {true, kills}, .pids_hits = {true, 0}}

/* clang-format off */
static const struct row rows[] = {
	{"exit 0", {WAKE(CAUSE_EXIT)}, {EXITED(0), COUNTED(0, 0)}, VERDICT_OK, ""},
	{"exit 7", {WAKE(CAUSE_EXIT)}, {EXITED(7), COUNTED(0, 0)}, VERDICT_EXIT, ""},
	{"exit 137", {WAKE(CAUSE_EXIT)}, {EXITED(137), COUNTED(0, 0)}, VERDICT_EXIT, ""},
	{"kills itself with 9", {WAKE(CAUSE_EXIT)}, {DIED(SIGKILL), COUNTED(0, 0)}, VERDICT_SIGNAL, ""},
	{"kills itself with SIGSYS", {WAKE(CAUSE_EXIT)}, {DIED(SIGSYS), COUNTED(0, 0)}, VERDICT_SIGNAL, ""},
	{"file cache at the limit is no violation", {WAKE(CAUSE_EXIT)}, {EXITED(0), COUNTED(0, 0)}, VERDICT_OK, ""},
	{"too much memory", {WAKE(CAUSE_EXIT)}, {DIED(SIGKILL), COUNTED(1, 1)}, VERDICT_MEMORY_LIMIT, ""},
	{"a child too much, the parent goes on", {WAKE(CAUSE_EXIT)}, {EXITED(0), COUNTED(1, 1)},
		VERDICT_OK, "oom-child"},
	{"a child too much, the parent fails", {WAKE(CAUSE_EXIT)}, {EXITED(3), COUNTED(1, 1)},
		VERDICT_EXIT, "oom-child"},
	{"a child too much, all die", {WAKE(CAUSE_EXIT)},
		{DIED(SIGKILL), COUNTED(1, 3), .oom_ends_all = true}, VERDICT_MEMORY_LIMIT, ""},
	{"a child too much, all should die, init was gone", {WAKE(CAUSE_EXIT)},
		{EXITED(0), COUNTED(1, 2), .oom_ends_all = true}, VERDICT_MEMORY_LIMIT, ""},
	{"an ancestor's limit", {WAKE(CAUSE_EXIT)}, {DIED(SIGKILL), COUNTED(0, 1)}, VERDICT_MEMORY_HOST, ""},
	{"an oom that killed nobody", {WAKE(CAUSE_EXIT)}, {EXITED(0), COUNTED(2, 0)}, VERDICT_OK, ""},
	{"9, and the kernel counts nothing", {WAKE(CAUSE_EXIT)}, {DIED(SIGKILL)}, VERDICT_SIGNAL, ""},
	{"SIGXFSZ with a limit", {WAKE(CAUSE_EXIT)}, {DIED(SIGXFSZ), .has_file_limit = true},
		VERDICT_FILE_LIMIT, ""},
	{"SIGXFSZ of its own", {WAKE(CAUSE_EXIT)}, {DIED(SIGXFSZ)}, VERDICT_SIGNAL, "fsize"},
	{"how it ended nobody knows", {WAKE(CAUSE_EXIT)}, {.ended = true, .status_unknown = true},
		VERDICT_ENGINE_ERROR, ""},
	{"nor that, but all died of memory", {WAKE(CAUSE_EXIT)},
		{.ended = true, .status_unknown = true, COUNTED(1, 3), .oom_ends_all = true},
		VERDICT_MEMORY_LIMIT, ""},
	{"nor that, after a deadline", {WAKE(CAUSE_WALL), WAKE(CAUSE_EXIT)},
		{.ended = true, .status_unknown = true}, VERDICT_TIMEOUT, ""},
	{"forks refused, and only noted", {WAKE(CAUSE_EXIT)},
		{EXITED(0), .counters.pids_hits = {true, 13}}, VERDICT_OK, "pids"},
	{"forks refused, which ends it", {WAKE(CAUSE_PIDS), WAKE(CAUSE_EXIT)},
		{DIED(SIGKILL), .counters.pids_hits = {true, 13}}, VERDICT_PIDS_LIMIT, ""},
	{"deadline, then it dies of ours", {WAKE(CAUSE_WALL), WAKE(CAUSE_EXIT)},
		{DIED(SIGKILL), COUNTED(0, 0)}, VERDICT_TIMEOUT, ""},
	{"deadline, TERM, then exit 0", {WAKE(CAUSE_WALL), WAKE(CAUSE_EXIT)}, {EXITED(0), COUNTED(0, 0)},
		VERDICT_TIMEOUT, ""},
	{"deadline, then memory while it was ending", {WAKE(CAUSE_WALL), WAKE(CAUSE_EXIT)},
		{DIED(SIGKILL), COUNTED(1, 1)}, VERDICT_TIMEOUT, "oom"},
	{"exit and deadline in one wake", {WAKE(CAUSE_WALL, CAUSE_EXIT)}, {EXITED(0)}, VERDICT_OK, "wall"},
	{"exit, then byte N+1 is found", {WAKE(CAUSE_EXIT), WAKE(CAUSE_OUTPUT)}, {EXITED(0)},
		VERDICT_OUTPUT_LIMIT, ""},
	{"deadline, then byte N+1 is found", {WAKE(CAUSE_WALL), WAKE(CAUSE_OUTPUT)}, {DIED(SIGKILL)},
		VERDICT_TIMEOUT, "output"},
	{"output thrown away", {WAKE(CAUSE_EXIT)}, {EXITED(0), .output_discarded = true},
		VERDICT_OK, "output-discarded"},
	{"forbidden call, all three in one wake", {WAKE(CAUSE_WALL, CAUSE_EXIT, CAUSE_SYSCALL)}, {DIED(SIGKILL)},
		VERDICT_SYSCALL, "wall"},
	{"cancelled", {WAKE(CAUSE_CANCEL), WAKE(CAUSE_EXIT)}, {DIED(SIGKILL)}, VERDICT_CANCELLED, ""},
	{"cancelled in the wake of the exit", {WAKE(CAUSE_CANCEL, CAUSE_EXIT)}, {EXITED(1)}, VERDICT_EXIT, "cancel"},
	{"never started", {WAKE(CAUSE_START)}, {.ended = false}, VERDICT_START_FAILED, ""},
	{"refused", {WAKE(CAUSE_REJECT)}, {.ended = false}, VERDICT_REJECTED, ""},
	{"our own fault", {WAKE(CAUSE_ENGINE)}, {.ended = false}, VERDICT_ENGINE_ERROR, ""},
	{"nothing was seen at all", {WAKE(CAUSE_NONE)}, {.ended = false}, VERDICT_ENGINE_ERROR, ""},
	{"full disk", {WAKE(CAUSE_EXIT)}, {EXITED(4), .disk_full = true}, VERDICT_EXIT, "disk-full"},
};
/* clang-format on */

static void join_hits(const struct verdict_facts *facts, char *text, size_t size)
{
	const char *hits[VERDICT_HITS_MAX];
	size_t count = verdict_hits(facts, hits, VERDICT_HITS_MAX), used = 0;

	*text = '\0';
	for (size_t i = 0; i < count; i++)
		used += (size_t)snprintf(
			text + used, size - used, "%s%s", i ? " " : "", hits[i]);
}

static void check_rows(void)
{
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct verdict_facts facts = rows[i].facts;
		char text[200];

		for (size_t j = 0; j < 3; j++) {
			struct verdict_event events[3];

			for (size_t k = 0; k < 3; k++)
				events[k] = (struct verdict_event){
					rows[i].wakes[j].causes[k], 10 * j + k};
			verdict_wake(&facts.latch, events, 3);
		}
		is_text(name_of(verdict_names, verdict_decide(&facts)),
			name_of(verdict_names, rows[i].verdict), rows[i].name);
		join_hits(&facts, text, sizeof(text));
		is_text(text, rows[i].hits, "  its hits");
	}
}

/* Every order of two causes, in two wakes and in one. */
static void check_pairs(void)
{
	for (enum cause a = CAUSE_SYSCALL; a < CAUSES; a++)
		for (enum cause b = CAUSE_SYSCALL; b < CAUSES; b++) {
			const struct verdict_event first = {a, 1}, second = {b, 2};
			const struct verdict_event both[] = {first, second},
						   turned[] = {second, first};
			struct verdict_latch two = {0}, one = {0}, other = {0};
			bool late =
				a == CAUSE_EXIT && (b == CAUSE_OUTPUT || b == CAUSE_SYSCALL);

			verdict_wake(&two, &first, 1);
			verdict_wake(&two, &second, 1);
			verdict_wake(&one, both, 2);
			verdict_wake(&other, turned, 2);
			is_true(two.cause == (late ? b : a) && two.at_ns == (late ? 2 : 1),
				"%s, then %s: the first counts%s", name_of(cause_names, a),
				name_of(cause_names, b), late ? ", unless it came after" : "");
			is_true(one.cause == (a < b ? a : b) &&
					memcmp(&one, &other, sizeof(one)) == 0,
				"%s with %s: the order within a wake does not matter",
				name_of(cause_names, a), name_of(cause_names, b));
			is_true(two.seen == (1U << a | 1U << b) && one.seen == two.seen,
				"  and both were seen");
		}
}

static uint32_t random_state = 1;

static uint32_t next_random(uint32_t below)
{
	random_state = random_state * 1664525 + 1013904223;
	return (random_state >> 8) % below;
}

static void shuffle(struct verdict_event *events, size_t count)
{
	for (size_t i = count; i > 1; i--) {
		size_t j = next_random((uint32_t)i);
		struct verdict_event swap = events[i - 1];

		events[i - 1] = events[j];
		events[j] = swap;
	}
}

/* Any history: one verdict, the same when the events within each wake are turned around. */
static void check_property(void)
{
	unsigned int unstable = 0, without = 0;

	for (int round = 0; round < 20000; round++) {
		struct verdict_facts facts = {
			.ended = next_random(2),
			.exit_code = (int)next_random(3),
			.signal = next_random(2) ? (int)next_random(32) : 0,
			.counters = {.oom = {next_random(2), next_random(2)},
				.oom_kill = {next_random(2), next_random(2)}},
			.oom_ends_all = next_random(2),
			.has_file_limit = next_random(2),
		};
		struct verdict_facts other = facts;

		for (uint32_t wake = next_random(4) + 1; wake > 0; wake--) {
			struct verdict_event events[5];
			size_t count = next_random(6);

			for (size_t i = 0; i < count; i++)
				events[i] = (struct verdict_event){
					next_random(CAUSES), next_random(1000)};
			verdict_wake(&facts.latch, events, count);
			shuffle(events, count);
			verdict_wake(&other.latch, events, count);
		}
		unstable += verdict_decide(&facts) != verdict_decide(&other) ||
			    memcmp(&facts.latch, &other.latch, sizeof(facts.latch)) != 0;
		without += verdict_decide(&facts) >= VERDICTS;
	}
	is_true(unstable == 0,
		"20000 histories: the same verdict whatever the order in a wake");
	is_true(without == 0, "20000 histories: each has a verdict");
}

static void check_status(void)
{
	static const struct {
		enum verdict verdict;
		int code, signal, start, status;
	} table[] = {
		{VERDICT_OK, 0, 0, 0, 0},
		{VERDICT_EXIT, 42, 0, 0, 42},
		{VERDICT_SIGNAL, 0, SIGSEGV, 0, 139},
		{VERDICT_TIMEOUT, 0, SIGKILL, 0, 124},
		{VERDICT_CPU_LIMIT, 0, SIGKILL, 0, 124},
		{VERDICT_MEMORY_LIMIT, 0, SIGKILL, 0, 137},
		{VERDICT_MEMORY_HOST, 0, SIGKILL, 0, 137},
		{VERDICT_OUTPUT_LIMIT, 0, 0, 0, 153},
		{VERDICT_SYSCALL, 0, SIGKILL, 0, 159},
		{VERDICT_CANCELLED, 0, SIGKILL, 0, 130},
		{VERDICT_START_FAILED, 0, 0, ENOENT, 127},
		{VERDICT_START_FAILED, 0, 0, EACCES, 126},
		{VERDICT_START_FAILED, 0, 0, ENOEXEC, 126},
		{VERDICT_START_FAILED, 0, 0, E2BIG, 125},
		{VERDICT_REJECTED, 0, 0, 0, 125},
		{VERDICT_ENGINE_ERROR, 0, 0, 0, 125},
	};
	unsigned int wrong = 0;

	for (size_t i = 0; i < sizeof(table) / sizeof(*table); i++)
		is_true(verdict_exit_status(table[i].verdict, table[i].code, table[i].signal,
				table[i].start, false) == table[i].status,
			"%s ends with %d", name_of(verdict_names, table[i].verdict),
			table[i].status);
	for (enum verdict verdict = 0; verdict < VERDICTS; verdict++) {
		int status = verdict_exit_status(verdict, 1, 1, 1, true);

		wrong += status < 64 || status > 79 || status != 64 + (int)verdict ||
			 !name_of(verdict_names, verdict);
	}
	is_true(wrong == 0, "each verdict has a name and a status of its own from 64 to 79");
}

int main(void)
{
	check_rows();
	check_pairs();
	check_property();
	check_status();
	return tap_end();
}
