/* SPDX-License-Identifier: Apache-2.0 */
/* The record of one container as JSON: read by the same tables' walker as config.json. */
#include "runtime/container/record.h"

#include "oci/decode.h"
#include "oci/json_write.h"

#include <errno.h>

static const struct name phase_names[] = {
	{"creating", RECORD_CREATING},
	{"ready", RECORD_READY},
	{0},
};

static const struct field record_fields[] = {
	FIELD(struct record, "format", format, .required = true),
	NAME(struct record, "phase", phase, phase_names, .required = true),
	FIELD(struct record, "id", id, .required = true),
	FIELD(struct record, "bundle", bundle, .required = true),
	FIELD(struct record, "rootfs", rootfs),
	FIELD(struct record, "created", created, .required = true),
	FIELD(struct record, "owner", owner),
	FIELD(struct record, "bootId", boot_id, .required = true),
	FIELD(struct record, "pid", pid),
	FIELD(struct record, "startTime", start_time),
	FIELD(struct record, "pidfs", pidfs),
	FIELD(struct record, "cgroup", cgroup),
	FIELD(struct record, "rdtMount", rdt_mount),
	FIELD(struct record, "rdtGroup", rdt_group),
	FIELD(struct record, "rdtMonitor", rdt_monitor),
	FIELD(struct record, "systemdCgroup", systemd_cgroup),
	FIELD(struct record, "unit", unit),
	FIELD(struct record, "systemdSocket", systemd_socket),
	FIELD(struct record, "systemdBus", systemd_bus),
	FIELD(struct record, "ownPidNamespace", own_pid_namespace),
	FIELD(struct record, "chrootOnly", chroot_only),
	FIELD(struct record, "hasProcess", has_process),
	FIELD(struct record, "notify", notify),
	FIELD(struct record, "once", once),
	FIELD(struct record, "watched", watched),
	FIELD(struct record, "poststart", poststart),
	FIELD(struct record, "poststop", poststop),
	PAIRS(struct record, "annotations", annotations),
	TEXTS(struct record, "unenforced", unenforced),
	{0},
};

int record_parse(const char *bytes, size_t length, struct arena *arena, struct record **ret,
	struct error *err)
{
	struct oci_warnings warnings = {0};
	struct decode decode = {.arena = arena, .warnings = &warnings};
	struct record *record = arena_alloc(arena, sizeof(*record));

	if (!record)
		return fail(err, ENOMEM, "read the record");
	if (decode_bytes(&decode, bytes, length, record_fields, record, err) < 0)
		return -1;
	if (record->format != 1)
		return fail(err, 0, "a record of format %u; this mayfly knows format 1",
			record->format);
	*ret = record;
	return 0;
}

int record_print(const struct record *record, struct arena *arena, const char **ret,
	size_t *ret_length, struct error *err)
{
	struct json_writer writer;

	json_start(&writer, arena, NULL);
	json_open(&writer, NULL, '{');
	json_put_unsigned(&writer, "format", 1);
	json_put_text(&writer, "phase", name_of(phase_names, record->phase));
	json_put_text(&writer, "id", record->id);
	json_put_text(&writer, "bundle", record->bundle);
	if (record->rootfs)
		json_put_text(&writer, "rootfs", record->rootfs);
	json_put_text(&writer, "created", record->created);
	json_put_unsigned(&writer, "owner", record->owner);
	json_put_text(&writer, "bootId", record->boot_id);
	json_put_unsigned(&writer, "pid", record->pid);
	json_put_unsigned(&writer, "startTime", record->start_time);
	json_put_unsigned(&writer, "pidfs", record->pidfs);
	if (record->cgroup)
		json_put_text(&writer, "cgroup", record->cgroup);
	if (record->rdt_mount)
		json_put_text(&writer, "rdtMount", record->rdt_mount);
	if (record->rdt_group)
		json_put_text(&writer, "rdtGroup", record->rdt_group);
	if (record->rdt_monitor)
		json_put_text(&writer, "rdtMonitor", record->rdt_monitor);
	json_put_bool(&writer, "systemdCgroup", record->systemd_cgroup);
	if (record->unit)
		json_put_text(&writer, "unit", record->unit);
	if (record->systemd_socket)
		json_put_text(&writer, "systemdSocket", record->systemd_socket);
	if (record->systemd_bus)
		json_put_text(&writer, "systemdBus", record->systemd_bus);
	json_put_bool(&writer, "ownPidNamespace", record->own_pid_namespace);
	json_put_bool(&writer, "chrootOnly", record->chroot_only);
	json_put_bool(&writer, "hasProcess", record->has_process);
	json_put_bool(&writer, "notify", record->notify);
	if (record->once)
		json_put_bool(&writer, "once", true);
	if (record->watched)
		json_put_bool(&writer, "watched", true);
	json_put_bool(&writer, "poststart", record->poststart);
	json_put_bool(&writer, "poststop", record->poststop);
	json_open(&writer, "annotations", '{');
	for (size_t i = 0; i < record->n_annotations; i++)
		json_put_text(
			&writer, record->annotations[i].key, record->annotations[i].value);
	json_close(&writer, '}');
	json_open(&writer, "unenforced", '[');
	for (size_t i = 0; i < record->n_unenforced; i++)
		json_put_text(&writer, NULL, record->unenforced[i]);
	json_close(&writer, ']');
	json_close(&writer, '}');
	return json_finish_length(&writer, ret, ret_length, err);
}
