/* SPDX-License-Identifier: Apache-2.0 */
/* resctrl on a directory that looks like it: our machines have no such hardware. */
#include "runtime/launch/resctrl.h"

#include "tests/unit/tap.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static char tree[] = "resctrl-XXXXXX";

static void put(const char *path, const char *text)
{
	char full[4096];
	FILE *file;

	snprintf(full, sizeof(full), "%s/%s", tree, path);
	file = fopen(full, "we");
	if (!file)
		exit(1);
	fputs(text, file);
	fclose(file);
}

static bool holds(const char *path, const char *text)
{
	char full[4096], got[256] = "";
	FILE *file;

	snprintf(full, sizeof(full), "%s/%s", tree, path);
	file = fopen(full, "re");
	if (!file)
		return false;
	got[fread(got, 1, sizeof(got) - 1, file)] = '\0';
	fclose(file);
	return strcmp(got, text) == 0;
}

/* As the kernel does: a new group has its files at once. */
int __real_mkdirat(int dir, const char *path, mode_t mode);
int __wrap_mkdirat(int dir, const char *path, mode_t mode);
int __wrap_mkdirat(int dir, const char *path, mode_t mode)
{
	static const char *const files[] = {"tasks", "schemata"};
	int result = __real_mkdirat(dir, path, mode);
	char name[512];

	for (size_t i = 0; result == 0 && i < 2; i++) {
		snprintf(name, sizeof(name), "%s/%s", path, files[i]);
		close(openat(dir, name, O_CREAT | O_WRONLY | O_CLOEXEC, 0644));
	}
	if (result == 0 && !strchr(path, '/')) {
		snprintf(name, sizeof(name), "%s/mon_groups", path);
		(void)__real_mkdirat(dir, name, 0755);
	}
	return result;
}

static void empty(const char *path)
{
	static const char *const files[] = {"tasks", "schemata", "mon_groups"};
	char name[4096];

	for (size_t i = 0; i < 3; i++) {
		snprintf(name, sizeof(name), "%s/%s/%s", tree, path, files[i]);
		(void)remove(name);
	}
}

static void test_same(void)
{
	const char *present = "    MB:0= 20;1=100\n    L3:0=000ff;1=00f0f\n";

	is_true(resctrl_same("L3:0=ff;1=f0f\n", present),
		"leading zeros and blanks mean nothing");
	is_true(resctrl_same("L3:1=F0F;0=ff\nMB:1=100;0=20\n", present), "nor does the order");
	is_true(resctrl_same("L3:0=ff\n", present),
		"a domain that is not named may be anything");
	is_true(!resctrl_same("L3:0=fe\n", present), "another mask is another");
	is_true(!resctrl_same("L3:2=ff\n", present), "a domain that is not there is another");
	is_true(!resctrl_same("L2:0=ff\n", present), "so is a resource that is not there");
	is_true(!resctrl_same("nonsense\n", present), "a line without a colon is like none");
	is_true(resctrl_same("MB:00=020\n", present), "numbers of domains, too");
	is_true(!resctrl_same("MB:0=0\n", present), "zero is a number");
}

static void test_prepare(void)
{
	struct resctrl_group group = {tree, "web", NULL, false};
	struct error err;
	bool made;

	is_true(resctrl_prepare(&group, &made, &err) < 0 && err.code == ENOENT && !made,
		"a closID without schemata must be there");
	group.schemata = "L3:0=f\n";
	is_true(resctrl_prepare(&group, &made, &err) == 0 && made &&
			holds("web/schemata", "L3:0=f\n"),
		"with schemata it is made and written");
	put("web/schemata", "  L3:0=0000f;1=ff\n");
	is_true(resctrl_prepare(&group, &made, &err) == 0 && !made, "the same again is taken");
	group.schemata = "L3:0=3\n";
	is_true(resctrl_prepare(&group, &made, &err) < 0 && !made &&
			strstr(err.what, "other schemata"),
		"other schemata are refused");
	is_true(holds("web/schemata", "  L3:0=0000f;1=ff\n"), "and nothing is written");
	group.own = true;
	is_true(resctrl_prepare(&group, &made, &err) < 0 && err.code == EEXIST,
		"a group of our own must not be there");
	group = (struct resctrl_group){tree, "mine", NULL, true};
	is_true(resctrl_prepare(&group, &made, &err) == 0 && made && holds("mine/schemata", ""),
		"without schemata it is made and left as it is");
	group = (struct resctrl_group){tree, "", NULL, false};
	is_true(resctrl_prepare(&group, &made, &err) == 0 && !made,
		"the root group is always there");
	group = (struct resctrl_group){"/nowhere", "x", "L3:0=1\n", true};
	is_true(resctrl_prepare(&group, &made, &err) < 0 && err.code == ENOENT,
		"no mount, no group");
}

static void test_free(void)
{
	struct error err;

	is_true(resctrl_check_free(tree, "web", &err) < 0 && err.code == EEXIST,
		"a group of others is not free to be named as ours");
	is_true(resctrl_check_free(tree, "new", &err) == 0 &&
			resctrl_check_free(tree, "web/mon_groups/new", &err) == 0,
		"what is not there, is");
	is_true(resctrl_check_free(NULL, NULL, &err) == 0 &&
			resctrl_check_free(tree, NULL, &err) == 0,
		"and so is none");
}

static void test_join(void)
{
	const struct resctrl_group group = {tree, "mine", NULL, true};
	struct error err;

	is_true(resctrl_join(&group, NULL, 42, &err) == 0 && holds("mine/tasks", "42"),
		"the process goes into the group");
	is_true(resctrl_join(&group, "id", 43, &err) < 0, "a monitor must have been made");
	is_true(resctrl_make_monitor(&group, "id", &err) == 0 &&
			resctrl_join(&group, "id", 43, &err) == 0 &&
			holds("mine/mon_groups/id/tasks", "43"),
		"then it is monitored");
	put("info/last_cmd_status", "mask 0x5 has non-consecutive 1-bits\n");
	is_true(resctrl_make_monitor(&group, "id", &err) < 0 &&
			strstr(err.what, "non-consecutive"),
		"an error has the kernel's own words");
}

static void test_remove(void)
{
	empty("mine/mon_groups/id");
	is_true(resctrl_remove(tree, "mine/mon_groups/id") == 0, "the monitor goes");
	empty("mine");
	is_true(resctrl_remove(tree, "mine") == 0 && resctrl_remove(tree, "mine") == 0,
		"the group goes, and twice is fine");
	is_true(resctrl_remove("/nowhere", "x") == 0,
		"without the mount there is nothing left");
}

int main(void)
{
	char command[256];

	if (!mkdtemp(tree))
		return 1;
	snprintf(command, sizeof(command), "%s/info", tree);
	if (mkdir(command, 0755) < 0)
		return 1;
	put("tasks", "");
	put("info/last_cmd_status", "ok\n");
	test_same();
	test_prepare();
	test_free();
	test_join();
	test_remove();
	snprintf(command, sizeof(command), "rm -r %s", tree);
	return system(command) == 0 ? tap_end() : 1;
}
