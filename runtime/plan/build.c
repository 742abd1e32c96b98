/* SPDX-License-Identifier: Apache-2.0 */
/* How a plan grows: steps, slots and sentences, all in the plan's arena; and how it is printed.
 */
#include "runtime/plan/rooms.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

struct step *plan_step(struct plan *plan, struct step_list *list, struct error *err,
	enum step_kind kind, const char *origin, ...)
{
	char text[ERROR_WHERE_MAX];
	va_list args;

	if (list->count == list->room) {
		size_t room = list->room ? 2 * list->room : 64;
		void *steps = arena_grow(
			plan->arena, list->steps, list->count, room, sizeof(*list->steps));

		if (!steps) {
			error_set(err, ENOMEM, "make the plan");
			return NULL;
		}
		list->steps = steps;
		list->room = room;
	}

	va_start(args, origin);
	vsnprintf(text, sizeof(text), origin, args);
	va_end(args);

	struct step *step = &list->steps[list->count];

	*step = (struct step){
		.kind = kind, .origin = *text ? arena_text(plan->arena, text) : ""};
	if (!step->origin) {
		error_set(err, ENOMEM, "make the plan");
		return NULL;
	}
	list->count++;
	return step;
}

struct step_list *plan_sources(struct plan *plan, const struct wanted *wanted)
{
	return wanted->host->euid == 0 ? &plan->outside : &plan->opened_inside;
}

int plan_slot(struct plan *plan)
{
	return plan->slots++;
}

int plan_bare(struct plan *plan, struct step_list *list, struct error *err, enum step_kind kind,
	const char *origin)
{
	return plan_step(plan, list, err, kind, "%s", origin) ? 0 : -1;
}

int plan_text(struct plan *plan, struct step_list *list, struct error *err, enum step_kind kind,
	const char *text, const char *origin)
{
	struct step *step = plan_step(plan, list, err, kind, "%s", origin);

	if (!step)
		return -1;
	step->text = text;
	return 0;
}

int plan_number(struct plan *plan, struct step_list *list, struct error *err,
	enum step_kind kind, int64_t number, const char *origin)
{
	struct step *step = plan_step(plan, list, err, kind, "%s", origin);

	if (!step)
		return -1;
	step->number = number;
	return 0;
}

int plan_file(struct plan *plan, struct step_list *list, struct error *err, enum step_kind kind,
	const char *path, const char *text, const char *origin)
{
	struct step *step = plan_step(plan, list, err, kind, "%s", origin);

	if (!step)
		return -1;
	step->file.path = path;
	step->file.text = text;
	return 0;
}

int plan_message(struct plan *plan, struct step_list *list, struct error *err,
	enum step_kind kind, enum message message)
{
	struct step *step = plan_step(plan, list, err, kind, "%s", "");

	if (!step)
		return -1;
	step->message = message;
	return 0;
}

/* Both lists of sentences; they double when their count is a power of two. */
static int add_sentence(struct plan *plan, const char ***list, size_t *count,
	const char *sentence, struct error *err)
{
	size_t n = *count;
	char *copy = arena_text(plan->arena, sentence);

	if (copy && (n & (n - 1)) == 0) {
		const char **longer =
			arena_grow(plan->arena, *list, n, n ? 2 * n : 1, sizeof(*longer));

		if (!longer)
			return no_memory(err);
		*list = longer;
	}
	if (!copy)
		return no_memory(err);
	for (char *at = copy; *at; at++)
		if ((unsigned char)*at < 0x20 || *at == 0x7f)
			*at = '?'; /* as in step_print() */
	(*list)[n] = copy;
	*count = n + 1;
	return 0;
}

int plan_warn(struct plan *plan, struct error *err, const char *format, ...)
{
	char sentence[ERROR_WHAT_MAX];
	va_list args;

	va_start(args, format);
	vsnprintf(sentence, sizeof(sentence), format, args);
	va_end(args);
	return add_sentence(plan, &plan->warnings, &plan->n_warnings, sentence, err);
}

int plan_unenforced(struct plan *plan, struct error *err, const char *format, ...)
{
	char sentence[ERROR_WHAT_MAX];
	va_list args;

	va_start(args, format);
	vsnprintf(sentence, sizeof(sentence), format, args);
	va_end(args);
	return add_sentence(plan, &plan->unenforced, &plan->n_unenforced, sentence, err);
}

/* One pass to measure and one to write, so that a line may have any length. */
static size_t print_steps(const struct step_list *list, char *at, size_t size)
{
	size_t used = 0;

#define REST (used < size ? at + used : NULL), (used < size ? size - used : 0)
	for (size_t i = 0; i < list->count; i++) {
		const struct step *step = &list->steps[i];

		used += (size_t)snprintf(REST, "  ");
		used += step_print(step, REST);
		used += (size_t)snprintf(
			REST, "%s%s\n", *step->origin ? "  # " : "", step->origin);
	}
	return used;
}

static size_t print_sentences(
	const char *title, const char **list, size_t count, char *at, size_t size)
{
	size_t used = 0;

	for (size_t i = 0; i < count; i++)
		used += (size_t)snprintf(REST, "%s: %s\n", title, list[i]);
	return used;
}

static size_t print_plan(const struct plan *plan, char *at, size_t size)
{
	size_t used = (size_t)snprintf(at, size, "outside:\n");

	used += print_steps(&plan->outside, REST);
	used += print_steps(&plan->after_clone, REST);
	used += (size_t)snprintf(REST, "inside:\n");
	used += print_steps(&plan->inside, REST);
	used += print_sentences("warning", plan->warnings, plan->n_warnings, REST);
	used += print_sentences("not enforced", plan->unenforced, plan->n_unenforced, REST);
	return used;
}
#undef REST

char *plan_print(const struct plan *plan, struct arena *arena)
{
	size_t size = print_plan(plan, NULL, 0) + 1;
	char *text = arena_alloc(arena, size);

	if (!text)
		return NULL;
	print_plan(plan, text, size);
	return text;
}
