#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# linux.netDevices: a device moves in with another name, its addresses stay, it is up; a failed create gives it back.

load helpers

# The host's side of these tests is a network namespace of their own, with one end of a veth pair to move.
prepare() {
	unshare --net sleep 1000 3>&- 4>&- &
	HOST=$!
	wait_for other_network
	on_host ip link add out0 type veth peer name peer0
	on_host ip addr add 10.9.0.2/24 brd + dev out0
	on_host ip addr add fd00:9::2/64 nodad dev out0
	on_host ip link set out0 up
	on_host ip link set peer0 up
	update_config '.linux.netDevices = {out0: {name: "in0"}}'
}
other_network() { [[ $(readlink "/proc/$HOST/ns/net") != "$(readlink /proc/self/ns/net)" ]]; }

clean_up() {
	kill "$HOST"
	wait "$HOST" 2>/dev/null || true
}

on_host() { nsenter --net="/proc/$HOST/ns/net" -- "$@"; }
# mayfly, as one on that host runs it.
mayfly() {
	local on=()

	[[ ! -e /proc/$HOST/ns/net ]] || on=(nsenter --net="/proc/$HOST/ns/net" --)
	timeout -k 5 "${DEADLINE:-10}" "${on[@]}" "$MAYFLY" --root "$ROOT" "${GLOBAL[@]}" "$@"
}
inside() { nsenter --net="/proc/$(pid_of test)/ns/net" -- ip "$@"; }

is_back() {
	local link

	link=$(on_host ip -o addr show dev out0) || return 1
	[[ $link == *"inet 10.9.0.2/24 brd 10.9.0.255"* && $link == *"inet6 fd00:9::2/64"* ]] ||
		fail "addresses were lost: $link" || return 1
	[[ $(on_host ip -o link show out0) == *"<"*UP*">"* ]] || fail "out0 is down"
}

@test "network devices: one moves in under its new name, with its addresses, and is up" {
	a_running test
	run ! on_host ip link show out0
	run -0 inside -o addr show dev in0
	output_has "inet 10.9.0.2/24 brd 10.9.0.255 scope global in0"
	output_has "inet6 fd00:9::2/64 scope global"
	run -0 inside -o link show in0
	output_matches '<[^>]*UP'
}

@test "network devices: no name keeps the name, and %d is the first free number" {
	on_host ip link add out1 type veth peer name peer1
	update_config '.linux.netDevices = {out0: {}, out1: {name: "eth%d"}, peer1: {name: "eth%d"}}'
	a_running test
	run -0 inside -o link show
	output_has ": out0@"
	output_has ": eth0@"
	output_has ": eth1@"
}

@test "network devices: a sysctl of the device can be set" {
	update_config '.linux.sysctl = {"net.ipv4.conf.in0.forwarding": "1"}'
	set_script 'cat /proc/sys/net/ipv4/conf/in0/forwarding'
	run -0 mayfly run --bundle "$BUNDLE" test
	output_is 1
}

@test "network devices: one that does not exist is an error that names it, and the first comes back" {
	update_config '.linux.netDevices = {out0: {name: "in0"}, nosuch: {}}'
	run -1 create test
	error_is_one_line 'linux.netDevices["nosuch"]' "no such device"
	nothing_of test
	is_back
}

@test "network devices: a create that fails later gives them back" {
	update_config '.hooks = {createRuntime: [{path: "/bin/false"}]}'
	run -1 create test
	nothing_of test
	is_back
	set_args /nowhere
	update_config 'del(.hooks)'
	run -1 create test
	output_has "no such file or directory"
	is_back
}

@test "network devices: a name that is taken is refused" {
	update_config '.linux.netDevices = {out0: {name: "lo"}}'
	run -1 create test
	error_is_one_line 'linux.netDevices["out0"]' '"lo" already'
	is_back
}

@test "network devices: they can move into a joined network namespace, and stay there" {
	unshare --net sleep 1000 3>&- 4>&- &
	OTHER=$!
	wait_for joined_ready
	update_config '.linux.namespaces |= (map(select(.type != "network")) + [{type: "network", path: $p}])' \
		--arg p "/proc/$OTHER/ns/net"
	a_running test
	run -0 inside -o addr show dev in0
	output_has "inet 10.9.0.2/24"
	mayfly delete --force test
	run -0 nsenter --net="/proc/$OTHER/ns/net" -- ip link show in0
	kill "$OTHER"
	wait "$OTHER" || true
}
joined_ready() { [[ $(readlink "/proc/$OTHER/ns/net") != "$(readlink /proc/self/ns/net)" ]]; }

@test "network devices: into a user namespace of the container" {
	update_config '.linux.namespaces += [{type: "user"}]
		| .linux.uidMappings = [{containerID: 0, hostID: 100000, size: 65536}]
		| .linux.gidMappings = [{containerID: 0, hostID: 200000, size: 65536}]'
	chown -h -R 100000:200000 "$ROOTFS"
	chmod 711 "$T" "$BUNDLE"
	a_running test
	run -0 inside -o addr show dev in0
	output_has "inet 10.9.0.2/24"
}

@test "network devices: where the container's network is the runtime's own, nothing moves" {
	update_config '.linux.namespaces |= (map(select(.type != "network")) + [{type: "network", path: $p}])' \
		--arg p "/proc/$HOST/ns/net"
	run -1 create test
	error_is_one_line "linux.netDevices" "runtime's own"
	is_back
}
