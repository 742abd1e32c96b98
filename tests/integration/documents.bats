#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# What mayfly writes for others to read: spec, features, list, plan.

load helpers

@test "spec: writes a config.json that runs" {
	mkdir "$T/new"
	cd "$T/new"
	run -0 "$MAYFLY" spec
	output_is ""
	jq -e '.process.args == ["sh"] and .process.terminal and .root.readonly and .process.noNewPrivileges' config.json
	jq '.process.terminal = false | .process.args = ["echo", "fine"] | .linux.cgroupsPath = $p' --arg p "$CGROUP" config.json >x
	mv x config.json
	cp -a "$ROOTFS" rootfs
	run -0 mayfly run test
	output_is fine
}

@test "spec: has the default's capabilities, namespaces, masks and limits" {
	cd "$T"
	mayfly spec --bundle "$T"
	jq -e '[.linux.namespaces[].type] | sort == ["cgroup", "ipc", "mount", "network", "pid", "uts"]' config.json
	jq -e '.process.capabilities | .bounding == .permitted and .bounding == .effective and (.bounding | sort) == ["CAP_AUDIT_WRITE", "CAP_KILL", "CAP_NET_BIND_SERVICE"]' config.json
	jq -e '[.mounts[].destination] == ["/proc", "/dev", "/dev/pts", "/dev/shm", "/dev/mqueue", "/sys", "/sys/fs/cgroup"]' config.json
	jq -e '.process.rlimits == [{type: "RLIMIT_NOFILE", hard: 1024, soft: 1024}]' config.json
	jq -e '.linux.maskedPaths | index("/proc/kcore")' config.json
}

@test "spec: does not overwrite" {
	cd "$T"
	echo mine >config.json
	run -1 mayfly spec
	error_is_one_line "config.json exists. Remove it first"
	[[ $(<config.json) == mine ]]
}

@test "spec: --rootless has a user namespace and no network one" {
	cd "$T"
	mayfly spec --rootless
	jq -e '[.linux.namespaces[].type] | index("user") and (index("network") | not)' config.json
	jq -e '.linux.uidMappings[0] | .containerID == 0 and .size == 1' config.json
	jq -e '[.mounts[] | (.options // [])[] | select(startswith("uid=") or startswith("gid="))] == []' config.json
	jq -e '.linux.resources == null' config.json
}

@test "features: is one JSON document with clean standard error" {
	run -0 --separate-stderr "$MAYFLY" features
	[[ -z $stderr ]]
	jq -e '.ociVersionMin and .ociVersionMax and (.hooks | length == 6)' <<<"$output"
	jq -e '.mountOptions | index("rro") and index("bind") and . == sort' <<<"$output"
	jq -e '.linux.namespaces == ["cgroup", "ipc", "mount", "network", "pid", "time", "user", "uts"]' <<<"$output"
	jq -e '.linux.mountExtensions.idmap.enabled and .linux.cgroup.v2 and (.linux.cgroup.v1 | not) and .linux.seccomp.enabled' <<<"$output"
	jq -e '.linux.capabilities | index("CAP_CHECKPOINT_RESTORE")' <<<"$output"
	jq -e '.linux.seccomp | (.actions | index("SCMP_ACT_NOTIFY")) and (.operators | index("SCMP_CMP_MASKED_EQ")) and (.archs | index("SCMP_ARCH_X86_64"))' <<<"$output"
}

@test "features: what once can hold a request to, as once itself says" {
	local limits key

	limits=$(mayfly features | jq -c .ephemeral.limits)
	jq -e '[.[] | (.status == "enforceable") == (.reason == null)] | all' <<<"$limits"
	jq -e '.output.status == "enforceable" and .fsize.status == "enforceable"' <<<"$limits"
	for key in wall=1s cpu=1s cpus=1 memory=64MiB pids=64 output=1000; do
		# Refused exactly when the document says no.
		if [[ $(jq -r --arg key "${key%%=*}" '[to_entries[] | select(.key | startswith($key + "_") or . == $key)][0].value.status' <<<"$limits") == no ]]; then
			run -125 mayfly once --check --rootfs "$WORK/template/rootfs" "--${key%%=*}" "${key#*=}" -- true
			output_has "$(jq -r --arg key "${key%%=*}" '[to_entries[] | select(.key | startswith($key + "_") or . == $key)][0].value.reason' <<<"$limits")"
		else
			run -0 mayfly once --check --rootfs "$WORK/template/rootfs" "--${key%%=*}" "${key#*=}" -- true
		fi
	done
}

@test "features: needs no root and touches no state" {
	run -0 setpriv --reuid 65534 --regid 65534 --clear-groups env -i "$MAYFLY" features
	jq -e .ociVersionMax <<<"$output"
	run -0 mayfly features
	[[ ! -e $ROOT ]]
}

@test "list: the table has runc's columns" {
	a_running one
	run -0 mayfly list
	[[ ${lines[0]} =~ ^ID\ +PID\ +STATUS\ +BUNDLE\ +CREATED\ +OWNER ]]
	[[ ${lines[1]} =~ ^one\ +[0-9]+\ +running\ +"$BUNDLE"\ +20[0-9-]+T[^\ ]+\ +root ]] || fail "$output"
}

@test "list: --quiet prints ids, --format json the states" {
	set_args sleep 1000
	update_config '.annotations = {"a.b": "c"}'
	create b
	update_config '.linux.cgroupsPath += "-2"'
	create a
	run -0 mayfly list -q
	output_is $'a\nb'
	run -0 mayfly list --format json
	jq -e 'map(.id) == ["a", "b"] and all(.[]; .status == "created" and .owner == "root" and .annotations == {"a.b": "c"} and (.created | length) > 10)' <<<"$output"
	[[ $(wc -l <<<"$output") == 1 ]]
}

@test "list: nothing there" {
	mkdir -p "$ROOT"
	chmod 700 "$ROOT"
	run -0 mayfly list
	((${#lines[@]} == 1))
	run -0 mayfly list -q
	output_is ""
	run -0 mayfly list --format json
	[[ $output == null || $output == "[]" ]]
}

@test "list: directories of other runtimes are passed over in silence" {
	mkdir -p "$ROOT/theirs" "$ROOT/other"
	chmod 700 "$ROOT"
	echo '{"id": "theirs", "init_process_pid": 1}' >"$ROOT/theirs/state.json"
	echo garbage >"$ROOT/other/state.json"
	touch "$ROOT/file"
	a_running mine
	run -0 --separate-stderr mayfly list -q
	[[ $output == mine ]]
	run -1 mayfly state theirs
	rm -r "$ROOT/theirs" "$ROOT/other" "$ROOT/file"
}

@test "list: a stopped container is listed with pid 0" {
	a_stopped test
	run -0 mayfly list --format json
	jq -e '.[0].status == "stopped" and .[0].pid == 0' <<<"$output"
}

@test "list: an unknown format is refused" {
	run -1 mayfly list --format yaml
}

@test "plan: prints the steps of a bundle and makes nothing" {
	run -0 mayfly plan "$BUNDLE"
	output_has outside
	output_has inside
	output_has /proc
	nothing_of test
	[[ -z $(list_cgroups) ]]
}

@test "plan: needs no root" {
	# What is above $T is root's alone.
	cp -a "$BUNDLE" "$WORK/plan-bundle"
	rm "$WORK/plan-bundle/config.json"
	"$MAYFLY" spec --rootless --bundle "$WORK/plan-bundle"
	chmod -R a+rX "$WORK/plan-bundle"
	run setpriv --reuid 65534 --regid 65534 --clear-groups "$MAYFLY" plan "$WORK/plan-bundle"
	rm -r "$WORK/plan-bundle"
	((status == 0)) || fail "$output"
}

@test "plan: an error is that of create" {
	update_config '.linux.namespaces[2].type = "utz"'
	run -1 mayfly plan "$BUNDLE"
	error_is_one_line 'linux.namespaces[2].type' utz
}

@test "plan: says which keys and system calls are ignored, and what create would warn of" {
	update_config '.linux.resources.cpu.sharez = 5 | .mounts[0].qoptions = [] | .process.capabilities.bounding += ["CAP_NONSUCH"]
		| .linux.seccomp = {defaultAction: "SCMP_ACT_ALLOW", extra: 1,
			syscalls: [{names: ["getpid", "frobnicate", "s390_pci_mmio_read"], action: "SCMP_ACT_ERRNO"}]}'
	run -0 mayfly plan "$BUNDLE"
	output_has "ignored: linux.resources.cpu.sharez: no key of the specification 1.3.0"
	output_has "ignored: mounts[0].qoptions: no key"
	output_has "ignored: linux.seccomp.extra: no key"
	output_matches 'ignored: linux.seccomp.syscalls: not known to libseccomp [0-9.]+: frobnicate'
	output_matches 'warning: .*CAP_NONSUCH'
	run -0 create test
}

@test "exec: --cap of a name that nobody knows is a warning and grants nothing" {
	a_running test
	run -0 mayfly --log "$T/log" --log-level warning exec --cap CAP_NONSUCH --cap CAP_CHOWN test grep CapEff /proc/self/status
	# CAP_CHOWN is bit 0, and the configuration has CAP_KILL, CAP_NET_BIND_SERVICE and CAP_AUDIT_WRITE.
	output_is $'CapEff:\t0000000020000421'
	[[ $(cat "$T/log") == *CAP_NONSUCH* ]] || fail "$(cat "$T/log")"
}
