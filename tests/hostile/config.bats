#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# J: config.json written by an enemy, or by a broken program.

load helpers

@test "J1 an empty config is refused" {
	: >"$BUNDLE/config.json"
	attack_create
	refused
}

@test "J2 a truncated config is refused" {
	truncate -s -20 "$BUNDLE/config.json"
	attack_create
	refused
}

@test "J3 a million nested arrays are refused for their depth, at once" {
	python3 -c "open('$BUNDLE/config.json', 'w').write('{\"ociVersion\":\"1.0.0\",\"annotations\":' + '[' * 1000000)"
	attack_create
	refused nested
	((milliseconds < 1000)) || fail "it took $milliseconds ms"
}

@test "J4 200000 nested objects below an unknown key are refused for their depth" {
	raw_config .xyzzy "$(python3 -c "print('{\"a\":' * 20000 + '1' + '}' * 20000)")"
	attack_create
	refused nested
}

@test "J4 sixty levels below an unknown key are ignored like the key" {
	raw_config .xyzzy "$(python3 -c "print('{\"a\":' * 60 + '1' + '}' * 60)")"
	attack_run
	contained
}

@test "J5 a key given twice is refused, at the top" {
	sed -i '0,/{/s//{"process": {"args": ["false"], "cwd": "\/", "user": {"uid": 0, "gid": 0}},/' "$BUNDLE/config.json"
	attack_create
	refused process twice
}

@test "J5 a key given twice is refused, inside user and mounts" {
	save_config
	raw_config .process.user '{"uid": 1000, "gid": 0, "uid": 0}'
	attack_create
	refused uid twice
	fresh_config
	raw_config '.mounts[0]' '{"destination": "/proc", "type": "proc", "destination": "/x"}'
	attack_create
	refused destination twice
}

@test "J6 a NUL in an argument is refused" {
	raw_config '.process.args' '["echo", "a\u0000b"]'
	attack_create
	refused NUL
}

@test "J6 a NUL in env is refused" {
	raw_config '.process.env' '["PATH=/bin", "A=a\u0000b"]'
	attack_create
	refused NUL
}

@test "J7 a NUL in a path is refused" {
	save_config
	raw_config .root.path '"rootfs\u0000/etc"'
	attack_create
	refused NUL
	fresh_config
	raw_config '.mounts[6].destination' '"/tmp\u0000/x"'
	attack_create
	refused NUL
}

@test "J8 bytes that are not UTF-8 are refused or taken as they are, never more" {
	local bytes

	save_config
	for bytes in $'"a\xff\xfe"' $'"\xc0\xaf"' '"\ud800"'; do
		fresh_config
		raw_config .hostname "$bytes"
		attack_create
		refused_or_contained
	done
}

@test "J8 the error about bad bytes is clean text itself" {
	raw_config '.linux.namespaces[0].type' $'"p\xffid\\u001b[31m"'
	attack_create
	refused UTF-8
	run ! grep -q $'[\x01-\x08\x0b-\x1f]' "$T/stderr"
	iconv -f UTF-8 -t UTF-8 "$T/stderr" >/dev/null
}

@test "J9 a byte order mark is refused" {
	printf '\xef\xbb\xbf' | cat - "$BUNDLE/config.json" >"$T/new"
	cp "$T/new" "$BUNDLE/config.json"
	attack_create
	refused
}

@test "J10 text after the object is refused, white space is not" {
	save_config
	echo '{}' >>"$BUNDLE/config.json"
	attack_create
	refused
	fresh_config
	printf '\n \t\r\n' >>"$BUNDLE/config.json"
	attack_run
	contained
}

@test "J11 a comment is refused" {
	sed -i '1s,^,/*x*/,' "$BUNDLE/config.json"
	attack_create
	refused
}

@test "J13 a value of the wrong type is refused by its name" {
	local case field

	save_config
	for case in '.process.args="sh"|process.args' '.process.user.uid="1000"|process.user.uid' \
		'.process.user.uid=1.5|process.user.uid' '.mounts={}|mounts' '.root.readonly=1|root.readonly' \
		'.process.terminal="true"|process.terminal' '.process=[]|process' '.hostname=7|hostname' \
		'.linux.namespaces[0]="pid"|linux.namespaces[0]' '.annotations={"a":1}|annotations' \
		'.process.capabilities=["CAP_KILL"]|process.capabilities' '.mounts[0].options="ro"|mounts[0].options' \
		'.linux.resources={"pids":{"limit":"10"}}|linux.resources.pids.limit' '.ociVersion=1|ociVersion'; do
		field=${case#*|}
		fresh_config
		update_config "${case%|*}"
		attack_create
		refused "$field"
	done
}

@test "J14 a key in another case is unknown" {
	update_config '.PROCESS = {args: ["sh", "-c", "echo wrong"]} | .Process = {args: ["echo", "wrong"]} | .process.args = ["echo", "right"]'
	attack_run
	contained
	output_is right
}

@test "J15 an unknown key is ignored" {
	update_config '.xyzzy = 1'
	attack_run
	contained
}

@test "J16 an array at the top is refused" {
	echo '[]' >"$BUNDLE/config.json"
	attack_create
	refused
}

@test "J16 a process of null can be created, not started" {
	update_config '.process = null'
	attack_create
	contained
	attack start test
	((status == 1))
	error_is_one_line process
}

@test "J17 without root, without ociVersion, or for version 99, it is refused" {
	save_config
	update_config 'del(.root)'
	attack_create
	refused root
	fresh_config
	update_config 'del(.ociVersion)'
	attack_create
	refused ociVersion
	fresh_config
	update_config '.ociVersion = "99.0.0"'
	attack_create
	refused ociVersion
}

@test "J18 numbers that are no exact integers of the field are refused" {
	local token

	save_config
	for token in 1e999 1e2 1.0 0x10 01 +1 4294967296 9223372036854775808 18446744073709551616 -1 1e NaN Infinity; do
		fresh_config
		raw_config .process.user.uid "$token"
		attack_create
		refused
	done
	for token in 9223372036854775808 18446744073709551616 1e999 0x10 01 1.5; do
		fresh_config
		raw_config .linux.resources.memory.limit "$token"
		attack_create
		refused
		fresh_config
		raw_config .linux.resources.pids.limit "$token"
		attack_create
		refused
	done
}

@test "J18 minus zero is zero or refused" {
	raw_config .process.user.uid -0
	set_args helper ids
	attack_run
	refused_or_contained
	if ((status == 0)); then
		output_has "uid=0,0,0"
	fi
}

@test "J19 ids that are -1, 2^32-1 or more are refused in every place" {
	local id place

	save_config
	for id in -1 4294967295 4294967296 18446744073709551615; do
		for place in .process.user.uid .process.user.gid '.process.user.additionalGids[0]'; do
			fresh_config
			update_config '.process.user.additionalGids = [1]'
			raw_config "$place" "$id"
			attack_create
			refused "${place#.}"
		done
	done
}

@test "J20 a hundred thousand additional groups are refused, and leave no cgroup" {
	update_config '.process.user.additionalGids = [range(100000)]'
	attack_create
	refused additionalGids
}

@test "J21 rlimits: twice the same, soft above hard, unknown: refused, nothing left" {
	local limits

	save_config
	for limits in '[{"type":"RLIMIT_NOFILE","soft":10,"hard":20},{"type":"RLIMIT_NOFILE","soft":10,"hard":30}]' \
		'[{"type":"RLIMIT_NOFILE","soft":20,"hard":10}]' '[{"type":"RLIMIT_X","soft":1,"hard":1}]'; do
		fresh_config
		update_config ".process.rlimits = $limits"
		attack_create
		refused process.rlimits
	done
}

@test "J22 a config that is a FIFO is refused at once" {
	rm "$BUNDLE/config.json"
	mkfifo "$BUNDLE/config.json"
	attack_create
	refused
	((milliseconds < 1000)) || fail "it took $milliseconds ms"
}

@test "J23 a config that is a device, directory, socket or /proc/self/mem is refused" {
	local target

	for target in /dev/zero "$CANARY/dir" /proc/self/mem /proc/kmsg; do
		rm -f "$BUNDLE/config.json"
		ln -s "$target" "$BUNDLE/config.json"
		attack_create
		refused
	done
	rm -f "$BUNDLE/config.json"
	python3 -c "import socket; s = socket.socket(socket.AF_UNIX); s.bind('$BUNDLE/config.json')"
	attack_create
	refused
}

@test "J24 a config of more than 8 MiB is refused" {
	python3 - "$BUNDLE/config.json" <<-'PYTHON'
	import sys
	text = open(sys.argv[1]).read()
	open(sys.argv[1], "w").write(text + " " * (9 << 20))
	PYTHON
	attack_create
	refused
}

@test "J25 a hundred thousand mounts are refused" {
	python3 - "$BUNDLE/config.json" <<-'PYTHON'
	import json, sys
	config = json.load(open(sys.argv[1]))
	config["mounts"] += [{"destination": "/tmp"}] * 100000
	json.dump(config, open(sys.argv[1], "w"))
	PYTHON
	attack_create
	refused
}

@test "J25 a hundred thousand variables, or annotations, end in bounded time and memory" {
	save_config
	update_config '.process.env += [range(100000) | "V\(.)=1"]'
	attack_run
	refused_or_contained
	fresh_config
	update_config '.annotations = ([range(100000) | {key: "a.\(.)", value: "x"}] | from_entries)'
	attack_run
	refused_or_contained
}

@test "J25 an argument of a mebibyte is refused, in one line" {
	update_config '.process.args = ["echo", ("x" * 1048576)]'
	attack_run
	refused "argument list too long"
}

@test "J26 three hundred mutations of a valid config neither crash nor hang" {
	python3 - "$BUNDLE" "$MAYFLY" "$ROOT" <<-'PYTHON'
	import copy, json, random, subprocess, sys
	bundle, mayfly, root = sys.argv[1:]
	base, chance = json.load(open(bundle + "/config.json")), random.Random(7)
	values = [None, True, -1, 0, 1.5, 2**31, 2**32, 2**63, 2**64, "", "x", "/", "../..", "a" * 5000, [], {}, [[]], [None],
	          {"a": 1}, "\ud7ff\n\t", "rshared", "CAP_SYS_ADMIN", "/proc/self/fd/3", [{"path": "/x"}], ["ro", "bind"]]
	keys = ["seccomp", "resources", "devices", "hooks", "rlimits", "uidMappings", "timeOffsets", "sysctl", "scheduler",
	        "type", "path", "options", "source", "limit", "memory", "pids", "unified", "netDevices", "memoryPolicy"]
	def places(node):
	    if isinstance(node, (dict, list)):
	        yield node
	        for child in (node.values() if isinstance(node, dict) else node):
	            yield from places(child)
	for n in range(300):
	    config = copy.deepcopy(base)
	    for _ in range(chance.randint(1, 4)):
	        node = chance.choice(list(places(config)))
	        value = copy.deepcopy(chance.choice(values + [chance.choice(list(places(base)))]))
	        if isinstance(node, dict):
	            node[chance.choice(list(node) + keys)] = value
	        elif node:
	            node[chance.randrange(len(node))] = value
	    json.dump(config, open(bundle + "/config.json", "w"))
	    p = subprocess.run([mayfly, "--root", root, "plan", bundle], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
	                       stderr=subprocess.PIPE, timeout=10)
	    lines = p.stderr.decode(errors="strict").splitlines()
	    if p.returncode not in (0, 1) or (p.returncode == 1 and len(lines) != 1):
	        sys.exit("mutation %d: exit %d, %r: %s" % (n, p.returncode, lines[:3], json.dumps(config)))
	PYTHON
}
