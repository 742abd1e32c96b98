# SPDX-License-Identifier: Apache-2.0
# How restore runs criu, with a stand-in for it: what criu itself does is seen in tests/vm.
# shellcheck shell=bash disable=SC2154

load helpers

# What stands in for criu is where it is looked for first, and seen by nobody else.
prepare() {
	mount -t tmpfs -o mode=755 criu /usr/local/sbin
	mkdir "$T/image"
	echo '["", "", ""]' >"$T/image/descriptors.json"
	stand_in_is '
		while read -r line; do
			case $line in SigBlk:*|SigIgn:*) echo "$line" ;; esac
		done </proc/$$/status >"$T/signals"
		while [ $# -gt 0 ]; do
			case $1 in
			--work-dir) work=$2 ;;
			--pidfile) name=$2 ;;
			esac
			shift
		done
		[ ! -e "$work/$name" ] || { echo "Error (x.c:1): $name: File exists" >"$work/restore.log"; exit 1; }
		echo 5 >"$work/$name"
		echo "Error (x.c:2): on purpose" >"$work/restore.log"
		exit 1'
}

clean_up() { umount /usr/local/sbin; }

stand_in_is() {
	printf '#!/bin/sh\nT=%s\n%s\n' "$T" "$1" >/usr/local/sbin/criu
	chmod 755 /usr/local/sbin/criu
}

restore() { mayfly restore --bundle "$BUNDLE" --image-path "$T/image" "$@" test; }

@test "restore: criu begins with no signal blocked or ignored" {
	run -1 restore
	output_has "on purpose"
	run -0 cat "$T/signals"
	output_is "SigBlk:	0000000000000000
SigIgn:	0000000000000000"
	run -1 env --ignore-signal=CHLD --ignore-signal=PIPE --block-signal=USR1 \
		"$MAYFLY" --root "$ROOT" restore -d --bundle "$BUNDLE" --image-path "$T/image" test
	run -0 cat "$T/signals"
	output_is "SigBlk:	0000000000000000
SigIgn:	0000000000000000"
}

@test "restore: a try that failed leaves nothing that stops the next" {
	run -1 restore
	output_has "on purpose"
	run -1 restore
	output_has "on purpose"
	run ls "$T/image"
	output_is "descriptors.json
restore.log"
}

@test "restore: an old log does not say why criu could not be run" {
	run -1 restore
	printf '#!/no/such\n' >/usr/local/sbin/criu
	run -1 restore
	output_lacks "on purpose"
	error_is_one_line "/usr/local/sbin/criu"
}
