#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# The base: containers that begin from an empty mount namespace instead of the host's.

# shellcheck disable=SC2016

load helpers

prepare() {
	mayfly doctor --prepare >/dev/null
}

clean_up() {
	mayfly doctor --remove >/dev/null
}

@test "base: doctor lists it, and removes what it has made" {
	[[ $(mayfly doctor) == *"base     $ROOT/.base/mounts"* ]]
	mayfly doctor --prepare
	[[ $(grep -c nsfs /proc/self/mountinfo) == 1 ]]
	mayfly doctor --remove
	[[ $(mayfly doctor) == *"base     none"* ]]
	[[ ! -e $ROOT/.base ]]
	run ! grep nsfs /proc/self/mountinfo
	mayfly doctor --remove
}

@test "base: a container has its own mounts and none of the host's" {
	update_config '.process.args = ["/bin/cat", "/proc/self/mountinfo"]'
	mayfly run --bundle "$BUNDLE" x >"$T/mounts"
	grep ' / / ' "$T/mounts" || grep " /[^ ]*rootfs / " "$T/mounts"
	run ! grep -E "mayfly |$ROOT" "$T/mounts"
	[[ $(mayfly plan --bundle "$BUNDLE") == *"join mount"* ]]
}

@test "base: create, start, exec and delete" {
	update_config '.process.args = ["/bin/sleep", "1000"]'
	quietly mayfly create --bundle "$BUNDLE" x
	mayfly start x
	[[ $(mayfly exec x /bin/ls /) == $'bin\ndev\n'* ]]
	[[ $(mayfly exec x /bin/sh -c 'cd ..; cd ../..; pwd; ls') == $'/\nbin\ndev\n'* ]]
	mayfly kill x KILL
	mayfly delete --force x
}

@test "base: the old way out of a chroot ends in the container" {
	update_config '.process.capabilities = {bounding: $caps, effective: $caps, permitted: $caps} | .root.readonly = false
		| .process.args = ["/bin/sh", "-c", "mkdir -p /tmp/jail && chroot /tmp/jail /bin/true; cd /tmp; ls /../../.."]' \
		--argjson caps '["CAP_SYS_CHROOT", "CAP_SYS_ADMIN"]'
	run mayfly run --bundle "$BUNDLE" x
	[[ $output == *$'bin\ndev\n'* ]]
	update_config '.process.args = ["/bin/sh", "-c", "umount -l / 2>/dev/null; ls -A /.. | grep -v ^. ; ls -d /bin"]'
	run mayfly run --bundle "$BUNDLE" y
	[[ $output == *"/bin"* ]]
}

@test "base: a pin that is lost costs nothing but time" {
	umount "$ROOT/.base/mounts"
	update_config '.process.args = ["/bin/echo", "fine"]'
	[[ $(mayfly run --bundle "$BUNDLE" x) == fine ]]
	[[ $(mayfly plan --bundle "$BUNDLE") == *"pivot root"* ]]
}

@test "base: hooks among the host's files still find them" {
	update_config '.hooks = {createContainer: [{path: "/bin/sh", args: ["sh", "-c", "echo ran >$BUNDLE_FILE"], env: [$file]}]}
		| .process.args = ["/bin/true"]' --arg file "BUNDLE_FILE=$T/hook"
	mayfly run --bundle "$BUNDLE" x
	[[ $(cat "$T/hook") == ran ]]
}
