/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The runtime as a mirror: each function of runtime/mayfly.h says what it was called with. The
 * command line is then tested without a container and without root.
 */
#include "runtime/mayfly.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void say_text(const char *name, const char *value)
{
	if (value)
		printf(" %s=%s", name, value);
}

static void say_bool(const char *name, bool value)
{
	if (value)
		printf(" %s", name);
}

static void say_texts(const char *name, const char *const *values)
{
	for (; values && *values; values++)
		say_text(name, *values);
}

static void say_global(const char *what, const struct mayfly_global *global, const char *id)
{
	printf("%s id=%s", what, id);
	say_text("root", global->root);
	say_bool("systemd", global->systemd_cgroup);
	say_bool("debug", global->debug);
	say_bool("rootless", global->rootless == MAYFLY_ROOTLESS_YES);
	say_bool("not-rootless", global->rootless == MAYFLY_ROOTLESS_NO);
	say_bool("allow-missing", global->allow_missing_controllers);
}

static void say_watching(const struct mayfly_watching *words)
{
	say_text("wall", words->wall);
	say_text("grace", words->grace);
	say_text("cpu", words->cpu);
	say_text("output", words->output);
	say_text("stdout", words->stdout_limit);
	say_text("stderr", words->stderr_limit);
	say_text("on-output", words->on_output);
	say_text("on-oom", words->on_oom);
	say_text("on-pids", words->on_pids);
	say_text("on-syscall", words->on_syscall);
	say_text("result", words->result);
}

static void say_create(const struct mayfly_create *options)
{
	if (options->size != sizeof(*options))
		printf(" SIZE");
	say_text("bundle", options->bundle);
	say_text("config", options->config);
	say_text("console", options->console_socket);
	say_text("pidfd", options->pidfd_socket);
	say_text("pidfile", options->pid_file);
	say_bool("no-pivot", options->no_pivot);
	say_bool("no-keyring", options->no_new_keyring);
	if (options->preserve_fds)
		printf(" fds=%u", options->preserve_fds);
	say_watching(&options->watching);
}

static int end(void)
{
	printf("\n");
	fflush(stdout);
	return 0;
}

int mayfly_setup(char *const argv[], bool seal, struct error *err)
{
	if (getenv("STUB_SETUP"))
		return fail(err, 0, "setup was told to fail, seal %d", seal);
	return 0;
}

int mayfly_note_descriptors(struct error *err)
{
	return getenv("STUB_DESCRIPTORS") ? fail(err, 0, "the descriptors were told to fail")
					  : 0;
}

/* Ids that mean something, so that every kind of outcome can be had. */
static int outcome(const struct mayfly_global *global, const char *id, struct error *err)
{
	if (strcmp(id, "gone") == 0)
		return fail(err, 0, "container does not exist");
	if (strcmp(id, "dirty") == 0)
		return fail(err, ENOENT, "open \"a\nb\x1b[31m\xff\"");
	if (strcmp(id, "long") == 0) {
		char words[ERROR_WHAT_MAX];

		memset(words, '"', sizeof(words) - 1);
		words[sizeof(words) - 1] = '\0';
		return fail(err, 0, "%s", words);
	}
	if (strcmp(id, "weak") == 0) {
		global->log("warning", "something harmless");
		if (global->allow_missing_controllers)
			global->log("unenforced", "NOT ENFORCED: memory.limit");
		global->log("debug", "a step");
	}
	return 0;
}

int mayfly_create(const struct mayfly_global *global, const char *id,
	const struct mayfly_create *options, struct error *err)
{
	if (outcome(global, id, err) < 0)
		return -1;
	say_global("create", global, id);
	say_create(options);
	return end();
}

int mayfly_start(const struct mayfly_global *global, const char *id, struct error *err)
{
	say_global("start", global, id);
	end();
	return outcome(global, id, err);
}

int mayfly_run(const struct mayfly_global *global, const char *id,
	const struct mayfly_run *options, int *ret_status, struct error *err)
{
	if (outcome(global, id, err) < 0)
		return -1;
	say_global("run", global, id);
	say_create(&options->create);
	say_bool("detach", options->detach);
	say_bool("keep", options->keep);
	say_bool("no-subreaper", options->no_subreaper);
	*ret_status = strcmp(id, "seven") == 0 ? 7 : 0;
	return end();
}

int mayfly_exec(const struct mayfly_global *global, const char *id,
	const struct mayfly_exec *options, int *ret_status, struct error *err)
{
	if (outcome(global, id, err) < 0)
		return -1;
	say_global("exec", global, id);
	say_text("process", options->process);
	say_text("cwd", options->cwd);
	say_text("user", options->user);
	say_texts("env", options->env);
	for (size_t i = 0; i < options->n_additional_gids; i++)
		printf(" gid=%u", options->additional_gids[i]);
	say_texts("cap", options->capabilities);
	say_text("apparmor", options->apparmor);
	say_text("label", options->process_label);
	say_text("cgroup", options->cgroup);
	say_text("pidfile", options->pid_file);
	say_bool("tty", options->tty);
	say_bool("detach", options->detach);
	say_bool("nnp", options->no_new_privs);
	say_bool("paused", options->ignore_paused);
	say_texts("arg", options->args);
	*ret_status = strcmp(id, "seven") == 0 ? 7 : 0;
	return end();
}

int mayfly_pause(const struct mayfly_global *global, const char *id, struct error *err)
{
	say_global("pause", global, id);
	end();
	return outcome(global, id, err);
}

int mayfly_resume(const struct mayfly_global *global, const char *id, struct error *err)
{
	say_global("resume", global, id);
	end();
	return outcome(global, id, err);
}

int mayfly_update(const struct mayfly_global *global, const char *id,
	const struct mayfly_update *options, struct error *err)
{
	if (outcome(global, id, err) < 0)
		return -1;
	say_global("update", global, id);
	say_text("resources", options->resources);
	say_text("json", options->json);
	return end();
}

int mayfly_events(const struct mayfly_global *global, const char *id,
	const struct mayfly_events *options, struct error *err)
{
	if (outcome(global, id, err) < 0)
		return -1;
	say_global("events", global, id);
	say_bool("once", options->once);
	printf(" ms=%u", options->interval_ms);
	end();
	return options->line("{}\n", err);
}

int mayfly_once(const struct mayfly_global *global, const struct mayfly_once *options,
	int *ret_status, struct error *err)
{
	static const char result[] = "{\"verdict\":\"ok\"}";

	say_global("once", global, "-");
	if (options->size != sizeof(*options))
		printf(" SIZE");
	say_text("bundle", options->bundle);
	say_text("rootfs", options->rootfs);
	say_text("template", options->template_name);
	say_text("wall", options->wall);
	say_text("memory", options->memory);
	say_text("on-output", options->on_output);
	say_text("request", options->request);
	if (options->jobs)
		printf(" jobs=%u", options->jobs);
	if (options->client >= 0)
		printf(" client=%d", options->client);
	say_bool("best-effort", options->best_effort);
	say_bool("check", options->check);
	say_bool("exit-verdict", options->exit_verdict);
	say_texts("env", options->env);
	say_texts("file", options->files);
	say_texts("arg", options->args);
	end();
	if (options->cwd && strcmp(options->cwd, "/fail") == 0) {
		*ret_status = 127;
		return fail(err, 0, "no such program");
	}
	if (options->put_result && options->put_result(result, strlen(result), err) < 0)
		return -1;
	if (options->put_message && options->cwd)
		options->put_message("timeout", "too late");
	*ret_status = options->cwd ? 124 : 0;
	return 0;
}

int mayfly_kill(const struct mayfly_global *global, const char *id, int signal, bool all,
	struct error *err)
{
	if (outcome(global, id, err) < 0)
		return -1;
	say_global("kill", global, id);
	printf(" signal=%d", signal);
	say_bool("all", all);
	return end();
}

int mayfly_delete(
	const struct mayfly_global *global, const char *id, bool force, struct error *err)
{
	if (outcome(global, id, err) < 0)
		return -1;
	say_global("delete", global, id);
	say_bool("force", force);
	return end();
}

static void say_criu(const struct mayfly_criu *options)
{
	say_text("image", options->image_path);
	say_text("work", options->work_path);
	say_bool("tcp", options->tcp_established);
	say_bool("tcp-close", options->tcp_close);
	say_bool("unix", options->ext_unix_sk);
	say_bool("shell", options->shell_job);
	say_bool("locks", options->file_locks);
	say_text("empty", options->empty_ns);
	say_text("cgroups", options->manage_cgroups_mode);
	say_text("lsm", options->lsm_profile);
}

int mayfly_checkpoint(const struct mayfly_global *global, const char *id,
	const struct mayfly_checkpoint *options, struct error *err)
{
	if (outcome(global, id, err) < 0)
		return -1;
	say_global("checkpoint", global, id);
	say_criu(&options->criu);
	say_bool("leave", options->leave_running);
	say_bool("pre-dump", options->pre_dump);
	say_text("parent", options->parent_path);
	return end();
}

int mayfly_restore(const struct mayfly_global *global, const char *id,
	const struct mayfly_restore *options, int *ret_status, struct error *err)
{
	if (outcome(global, id, err) < 0)
		return -1;
	*ret_status = 0;
	say_global("restore", global, id);
	say_create(&options->create);
	say_criu(&options->criu);
	say_bool("detach", options->detach);
	say_bool("no-subreaper", options->no_subreaper);
	return end();
}

int mayfly_can_checkpoint(struct error *err)
{
	return getenv("STUB_NO_CRIU") ? fail(err, 0, "criu is not installed") : 0;
}

static int give(const char *text, char **ret, struct error *err)
{
	*ret = strdup(text);
	return *ret ? 0 : fail(err, ENOMEM, "copy");
}

int mayfly_state(
	const struct mayfly_global *global, const char *id, char **ret_json, struct error *err)
{
	if (outcome(global, id, err) < 0)
		return -1;
	return give("{\"id\": \"c\"}\n", ret_json, err);
}

int mayfly_result(const struct mayfly_global *global, const char *id, bool wait,
	char **ret_json, struct error *err)
{
	if (outcome(global, id, err) < 0)
		return -1;
	return give(wait ? "{\"verdict\": \"timeout\"}\n" : "{\"verdict\": \"ok\"}\n", ret_json,
		err);
}

int mayfly_list(const struct mayfly_global *global, struct mayfly_entry **ret_entries,
	size_t *ret_count, struct error *err)
{
	static struct mayfly_entry entries[] = {
		{.id = (char *)"a",
			.bundle = (char *)"/b\x1b[0m",
			.created = (char *)"2026-01-02T03:04:05Z",
			.owner = (char *)"root",
			.status = "running",
			.pid = 12,
			.json = (char *)"{\"id\":\"a\"}\n"},
		{.id = (char *)"longer-than-twelve",
			.bundle = (char *)"/srv/c",
			.created = (char *)"2026-01-02T03:04:05Z",
			.owner = (char *)"root",
			.status = "stopped",
			.json = (char *)"{\"id\":\"longer-than-twelve\"}"},
	};

	*ret_entries = entries;
	*ret_count = global->root && strcmp(global->root, "/empty") == 0 ? 0 : 2;
	return 0;
}

void mayfly_list_free(struct mayfly_entry *entries, size_t count)
{
}

int mayfly_ps(const struct mayfly_global *global, const char *id, pid_t **ret_pids,
	size_t *ret_count, struct error *err)
{
	if (outcome(global, id, err) < 0)
		return -1;
	*ret_pids = calloc(2, sizeof(**ret_pids));
	if (!*ret_pids)
		return fail(err, ENOMEM, "copy");
	(*ret_pids)[0] = getpid();
	(*ret_pids)[1] = 1;
	*ret_count = strcmp(id, "none") == 0 ? 0 : 2;
	return 0;
}

int mayfly_plan(const struct mayfly_global *global, const char *id,
	const struct mayfly_create *options, char **ret_text, struct error *err)
{
	say_global("plan", global, id);
	say_create(options);
	end();
	return give("exec /bin/sh in /\n", ret_text, err);
}

int mayfly_spec(bool rootless, char **ret_json, struct error *err)
{
	return give(rootless ? "{\"rootless\": true}\n" : "{}\n", ret_json, err);
}

int mayfly_template(const char *name, char **ret_json, struct error *err)
{
	return strcmp(name, "none") == 0 ? fail(err, 0, "no template is called \"none\"")
					 : give("{}\n", ret_json, err);
}

int mayfly_features(char **ret_json, struct error *err)
{
	return give("{}\n", ret_json, err);
}

int mayfly_doctor(const struct mayfly_global *global, const struct mayfly_doctor *options,
	char **ret_text, struct error *err)
{
	printf("doctor");
	say_bool("prepare", options->prepare);
	say_bool("remove", options->remove);
	end();
	return give("base none\n", ret_text, err);
}

int mayfly_version(char **ret_text, struct error *err)
{
	return give("mayfly version 0.0.0\n", ret_text, err);
}
