/* SPDX-License-Identifier: Apache-2.0 */
/* What golden tests do not show: the environment, every kind's line, exhausted memory. */
#define _GNU_SOURCE
#include "runtime/plan/plan.h"
#include "tests/unit/tap.h"

#include <errno.h>
#include <linux/sched.h>

struct fixture {
	struct oci_namespace namespaces[2];
	struct oci_linux section;
	struct oci_root root;
	struct oci_process process;
	struct oci_spec spec;
	struct request request;
	struct host host;
	struct wanted wanted;
	struct arena arena;
	struct error err;
	struct plan plan;
};

static const char *args[] = {"/bin/sh"};

static void prepare(struct fixture *f)
{
	*f = (struct fixture){
		.namespaces = {{CLONE_NEWNS, NULL}, {CLONE_NEWPID, NULL}},
		.root = {.path = "rootfs", .readonly = true},
		.process = {.args = args, .n_args = 1, .cwd = "/srv"},
		.request = {.verb = REQUEST_RUN, .id = "x", .bundle = "/b"},
		.host = {.can_set_ids = true, .can_mknod = true, .last_capability = 40},
	};
	f->section.namespaces = f->namespaces;
	f->section.n_namespaces = 2;
	f->spec.root = &f->root;
	f->spec.process = &f->process;
	f->spec.linux = &f->section;
	f->wanted = (struct wanted){&f->spec, &f->process, &f->request, &f->host};
}

static const struct step *find(const struct plan *plan, enum step_kind kind)
{
	for (size_t i = 0; i < plan->inside.count; i++)
		if (plan->inside.steps[i].kind == kind)
			return &plan->inside.steps[i];
	return NULL;
}

/* WANTED: the entries in order, joined by a space. */
static void try_environment(const char *const *env, size_t n, unsigned int listen_fds,
	const char *wanted, bool finds_home, const char *name)
{
	struct fixture f;
	char text[512] = "";

	prepare(&f);
	f.process.env = (const char **)env;
	f.process.n_env = n;
	f.request.listen_fds = listen_fds;
	if (!is_result(plan_build(&f.plan, &f.wanted, &f.arena, &f.err), &f.err, NULL, name))
		return;

	const struct step *exec = find(&f.plan, STEP_EXEC);
	const struct step *program = find(&f.plan, STEP_FIND_PROGRAM);

	for (char **entry = exec->exec.envp; *entry; entry++)
		snprintf(text + strlen(text), sizeof(text) - strlen(text), "%s%s",
			*text ? " " : "", *entry);
	is_text(text, wanted, name);
	is_true(exec->exec.envp[exec->exec.n_env] == NULL &&
			exec->exec.envp[exec->exec.n_env + 1] == NULL,
		"%s: there is a spare slot", name);
	is_true(exec->exec.envp == program->exec.envp, "%s: is shared with the search", name);
	is_true((find(&f.plan, STEP_FIND_HOME) != NULL) == finds_home, "%s: HOME", name);
	arena_free(&f.arena);
}

static void environments(void)
{
#define TRY(LISTEN, WANTED, HOME, NAME, ...)                                                   \
	try_environment((const char *const[]){__VA_ARGS__},                                    \
		sizeof((const char *const[]){__VA_ARGS__}) / sizeof(char *), LISTEN, WANTED,   \
		HOME, NAME)
	try_environment(NULL, 0, 0, "", true, "no environment");
	TRY(0, "A=1 HOME=/h", false, "as written", "A=1", "HOME=/h");
	TRY(0, "B=2 A=3", true, "the last of two wins, at its place", "A=1", "B=2", "A=3");
	TRY(0, "A=1", true, "an empty HOME is none", "HOME=", "A=1");
	TRY(0, "A=1", true, "an empty HOME after another one is none", "HOME=/x", "A=1",
		"HOME=");
	TRY(0, "HOME=/x", false, "HOME after an empty one", "HOME=", "HOME=/x");
	TRY(0, "AB=1 A=2", true, "a name that begins like another", "AB=1", "A=2");
	TRY(0, "A=x=1 AA=", true, "an equals sign in a value", "A=x=1", "AA=");
	TRY(2, "A=1 LISTEN_FDS=2 LISTEN_PID=1", true, "sockets replace what the config says",
		"LISTEN_FDS=9", "A=1");
#undef TRY
}

static void many_names(void)
{
	enum { N = 200000 };
	static char text[N][16];
	static const char *env[N];
	struct fixture f;

	for (int i = 0; i < N; i++) {
		snprintf(text[i], sizeof(text[i]), "V%d=1", i % (N / 2));
		env[i] = text[i];
	}
	prepare(&f);
	f.process.env = env;
	f.process.n_env = N;
	is_result(plan_build(&f.plan, &f.wanted, &f.arena, &f.err), &f.err, NULL,
		"200000 variables");
	is_number(find(&f.plan, STEP_EXEC)->exec.n_env, N / 2, "half of them are left");
	arena_free(&f.arena);
}

static void every_kind(void)
{
	char *argv[] = {"x", NULL};
	char line[256];

	for (int kind = STEP_NONE; kind < STEP_COUNT; kind++) {
		struct step step = {.kind = (enum step_kind)kind, .origin = ""};

		/* The rest of the union is zero, which every printer must bear. */
		if (kind == STEP_FIND_PROGRAM || kind == STEP_EXEC)
			step.exec.argv = argv;
		else if (kind == STEP_WRITE_CGROUP || kind == STEP_WRITE_PROC ||
			 kind == STEP_WRITE_SELF || kind == STEP_WRITE_SYSCTL)
			step.file.text = "";
		step_print(&step, line, sizeof(line));
		is_true(*line && *line != '?', "kind %d has a line: %s", kind, line);
	}
}

static void short_buffer(void)
{
	struct step step = {.kind = STEP_SET_HOSTNAME, .origin = "", .text = "abcdef"};
	char line[8] = "XXXXXXX";

	is_number(step_print(&step, line, sizeof(line)), 19, "a line knows its whole length");
	is_text(line, "set hos", "what does not fit is left out");
	is_number(step_print(&step, NULL, 0), 19, "a line can be measured");
}

static void control_characters(void)
{
	struct fixture f;

	prepare(&f);
	f.process.cwd = "/a\033[2Jb\nc";
	is_result(plan_build(&f.plan, &f.wanted, &f.arena, &f.err), &f.err, NULL, "a cwd of J");

	char *text = plan_print(&f.plan, &f.arena);

	is_true(text && strchr(text, '\033') == NULL, "no escape reaches the terminal");
	is_true(text && strstr(text, "change directory /a?[2Jb?c") != NULL, "nor a line break");
	arena_free(&f.arena);
}

/* Memory may end at every allocation: always an error, never a plan with something missing. */
static void exhausted_memory(void)
{
	struct fixture f;
	size_t needed, failures = 0;

	prepare(&f);
	is_result(
		plan_build(&f.plan, &f.wanted, &f.arena, &f.err), &f.err, NULL, "with memory");
	needed = f.arena.total;
	arena_free(&f.arena);
	for (size_t limit = 1; limit < needed; limit += 8) {
		prepare(&f);
		f.arena.limit = limit;
		failures += plan_build(&f.plan, &f.wanted, &f.arena, &f.err) < 0 &&
			    f.err.code == ENOMEM;
		arena_free(&f.arena);
	}
	is_number(failures, (needed - 2) / 8 + 1, "with less, always out of memory");
}

int main(void)
{
	environments();
	many_names();
	every_kind();
	short_buffer();
	control_characters();
	exhausted_memory();
	return tap_end();
}
