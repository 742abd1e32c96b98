/* SPDX-License-Identifier: Apache-2.0 */
/* What must hold for every plan, whatever it says. */
#include "tests/golden/meetings.h"

enum { WORDS_MAX = 64, SLOTS_MAX = 4096 };

/* One side's part of the conversation. */
struct talk {
	struct word {
		enum message message;
		bool tells;
	} words[WORDS_MAX];
	size_t count;
};

static void add(struct talk *talk, enum message message, bool tells)
{
	if (talk->count < WORDS_MAX)
		talk->words[talk->count++] = (struct word){message, tells};
}

/* step.h says which kinds speak by themselves. */
static void listen_to(const struct step_list *list, struct talk *ret)
{
	*ret = (struct talk){0};
	for (size_t i = 0; i < list->count; i++) {
		const struct step *step = &list->steps[i];

		if (step->kind == STEP_TELL || step->kind == STEP_AWAIT)
			add(ret, step->message, step->kind == STEP_TELL);
		if (step->kind == STEP_FORK)
			add(ret, MESSAGE_FORKED, true);
		if (step->kind == STEP_OPEN_CONSOLE)
			add(ret, MESSAGE_CONSOLE, true);
		if (step->kind == STEP_LOAD_SECCOMP && step->seccomp.listener) {
			add(ret, MESSAGE_LISTENER, true);
			add(ret, MESSAGE_LISTENER_SENT, false);
		}
	}
}

int check_meetings(const struct plan *plan, struct error *err)
{
	struct talk outside, inside;

	listen_to(&plan->outside, &outside);
	listen_to(&plan->inside, &inside);
	for (size_t i = 0; i < outside.count && i < inside.count; i++) {
		const struct word *one = &outside.words[i], *other = &inside.words[i];

		if (one->message != other->message || one->tells == other->tells)
			return fail(err, 0, "meeting %zu: outside %s \"%s\", inside %s \"%s\"",
				i, one->tells ? "tells" : "awaits", message_name(one->message),
				other->tells ? "tells" : "awaits",
				message_name(other->message));
	}
	if (outside.count != inside.count)
		return fail(err, 0, "outside has %zu meetings, inside %zu", outside.count,
			inside.count);
	return 0;
}

static int slot_filled(const struct step *step)
{
	switch (step->kind) {
	case STEP_OPEN_TREE:
		return step->tree.slot;
	case STEP_OPEN_FILESYSTEM:
		return step->mount.slot;
	case STEP_OPEN_DEVICE:
		return step->device.slot;
	case STEP_OPEN_NAMESPACE:
		return step->open_path.slot;
	default:
		return -1;
	}
}

static int slot_used(const struct step *step)
{
	switch (step->kind) {
	case STEP_MAP_TREE:
		return step->map_tree.slot;
	case STEP_MOUNT:
		return step->mount.otherwise == OTHERWISE_BIND_HOST ? step->mount.slot : -1;
	case STEP_ATTACH:
		return step->mount.slot;
	case STEP_BIND_DEVICE:
		return step->device.slot;
	case STEP_MOVE_DEVICE:
		return step->net_device.slot;
	case STEP_ENTER_ROOT:
	case STEP_CHROOT:
		return step->root.slot;
	case STEP_JOIN:
		return step->join.pidfd_slot;
	default:
		return -1;
	}
}

int check_slots(const struct plan *plan, struct error *err)
{
	const struct step_list *lists[] = {&plan->outside, &plan->inside};
	bool filled[SLOTS_MAX] = {false};

	if (plan->slots > SLOTS_MAX)
		return fail(err, 0, "%d slots are too many for this test", plan->slots);
	if (plan->init_pidfd_slot >= 0)
		filled[plan->init_pidfd_slot] = true;
	if (plan->init_root_slot >= 0)
		filled[plan->init_root_slot] = true;
	for (size_t l = 0; l < 2; l++)
		for (size_t i = 0; i < lists[l]->count; i++) {
			const struct step *step = &lists[l]->steps[i];
			int fills = slot_filled(step), uses = slot_used(step);

			if (fills >= plan->slots || uses >= plan->slots)
				return fail(err, 0, "step %zu has a slot nobody handed out", i);
			if (uses >= 0 && !filled[uses])
				return fail(
					err, 0, "step %zu uses the empty slot #%d", i, uses);
			if (fills >= 0)
				filled[fills] = true;
		}
	return 0;
}
