#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# docs/examples: each page is followed word for word, and each program is tried where its page does not go.
# shellcheck disable=SC2016,SC2034,SC2154

load helpers

EXAMPLES=$BATS_TEST_DIRNAME/../../docs/examples
FOLLOW=$BATS_TEST_DIRNAME/../vm/lib/follow

prepare() {
	DEADLINE=100
	cp -a "$EXAMPLES" "$T/examples"
	# The examples call "mayfly"; here that is the binary under test, with this test's state root.
	mkdir "$T/bin"
	printf '#!/bin/sh\nexec "%s" --root "%s" "$@"\n' "$MAYFLY" "$ROOT" >"$T/bin/mayfly"
	chmod +x "$T/bin/mayfly"
	PATH=$T/bin:$PATH
	WEAKER=()
	has_controllers || WEAKER=(--best-effort)
}

# a_python_root: the root file system of the examples, once for all tests.
a_python_root() {
	[[ -d $WORK/python-root ]] || "$EXAMPLES/python-root" "$WORK/python-root"
}

# patiently COMMAND...: as wait_for, for Python that has to start, perhaps on an emulated machine.
patiently() {
	local i

	for i in 1 2 3 4 5 6 7 8; do
		! wait_for "$@" 2>/dev/null || return 0
	done
	fail "waited in vain for: $*"
}

# follow PAGE [SED]: in its own directory. Where the host has no controllers the page's advice is taken: --best-effort; SED
# then says what the page promises otherwise.
follow() {
	local directory=$T/examples/$1 page=$T/page.md

	cp "$directory/README.md" "$page"
	has_controllers || sed -E "${@:2}" "$directory/README.md" >"$page"
	cd "$directory" || return
	timeout -k 5 200 "$FOLLOW" "$page" 3>&- 4>&-
}

# --- plugins -------------------------------------------------------------------------------------------------------

@test "plugins: the page is true" {
	# What keeps 200 MB is not stopped without the memory controller, and a line about that follows the table.
	follow plugins -e 's/^\.\/run-plugins (.*)/.\/run-plugins --best-effort \1/' \
		-e 's/^exit status /NOT ENFORCED: --cpus, --memory, --pids\n&/' \
		-e 's/^(greedy +)memory-limit      69/\1ok                64/'
}

@test "plugins: when the runner is killed, so are its plugins" {
	a_python_root
	cd "$T/examples/plugins"
	./run-plugins "${WEAKER[@]}" --rootfs "$WORK/python-root" samples/stuck.py </dev/null >"$T/out" 2>&1 3>&- 4>&- &
	local runner=$!
	plugin_runs() { ! no_process 'python3 -I /tmp/plugin.py'; }
	plugin_is_gone() { no_process 'python3 -I /tmp/plugin.py'; }
	patiently plugin_runs
	kill -KILL "$runner"
	wait "$runner" || true
	wait_for plugin_is_gone
	mayfly list >/dev/null
}

@test "plugins: a host that cannot enforce the limits refuses, and it is not the plugin's fault" {
	has_controllers && skip "needs a host without controllers"
	a_python_root
	cd "$T/examples/plugins"
	run -3 ./run-plugins --rootfs "$WORK/python-root" samples/hello.py samples/broken.py
	output_has rejected
	output_has --best-effort
}

# --- the web service -----------------------------------------------------------------------------------------------

# a_service OPTIONS...: its address in $URL, its pid in $SERVICE.
a_service() {
	a_python_root
	rm -f "$T/address"
	"$T/examples/web/serve" "${WEAKER[@]}" --rootfs "$WORK/python-root" --port 0 "$@" \
		</dev/null >"$T/address" 2>"$T/log" 3>&- 4>&- &
	SERVICE=$!
	patiently test -s "$T/address"
	URL=$(cat "$T/address")
}

stop_service() {
	kill "$SERVICE"
	wait "$SERVICE"
}

# post OPTIONS...: what tests/integration/post.py prints, the status first.
post() { /usr/bin/python3 "$BATS_TEST_DIRNAME/post.py" "$URL" "$@"; }

code_runs() { ! no_process 'python3 -I -X utf8 /tmp/main.py'; }
no_code_runs() { no_process 'python3 -I -X utf8 /tmp/main.py'; }

clean_up() {
	[[ -z ${SERVICE:-} ]] || kill -KILL "$SERVICE" 2>/dev/null || true
	[[ -z ${URL:-} ]] || mayfly list >/dev/null
}

@test "web: the page is true" {
	follow web -e 's/^\.\/serve/& --best-effort/'
}

@test "web: a host that cannot enforce the limits serves nobody" {
	has_controllers && skip "needs a host without controllers"
	a_python_root
	run -1 "$T/examples/web/serve" --rootfs "$WORK/python-root" --port 0
	error_is_one_line 'cannot enforce all limits'
}

@test "web: output is text, whatever the program wrote" {
	a_service
	run -0 post --code 'import sys; sys.stdout.buffer.write(b"\x1b[2J\x1b]8;;http://x\x1b\\L\x1b]8;;\x1b\\\xc2\x9b31m\xff\x00 \xe2\x80\xae<script>\r\nend\x1b]2;all")'
	[[ $(jq -r .status <<<"$output") == 200 ]]
	[[ $(jq -r .body.stdout <<<"$output") == $'L\uFFFD\uFFFD \uFFFD<script>\nend2;all' ]] || fail "$output"
	[[ $(jq -r '.headers["content-security-policy"]' <<<"$output") == "default-src 'none';"* ]]
	[[ $(jq -r '.headers["x-content-type-options"]' <<<"$output") == nosniff ]]
	# A flood of beginnings does not keep the service busy.
	SECONDS=0
	run -0 post --code 'print("\x9d" * 49000); print("\x1b]" * 500)'
	[[ $(jq -r .body.verdict <<<"$output") == ok ]]
	((SECONDS < 10))
	stop_service
}

@test "web: output ends at 100 KB, and there is no network" {
	a_service
	run -0 post --code 'while True: print("x" * 99)'
	[[ $(jq -r .body.verdict <<<"$output") == output-limit && $(jq '.body.stdout | length' <<<"$output") == 100000 ]]
	run -0 post --code 'import socket; socket.create_connection(("127.0.0.1", 80))'
	[[ $(jq -r .body.verdict <<<"$output") == exit ]]
	stop_service
}

@test "web: what is no proper request is refused" {
	local row wanted
	a_service
	while IFS='|' read -r wanted row; do
		run -0 eval "post $row"
		[[ $(jq .status <<<"$output") == "$wanted" ]] || fail "$row: expected $wanted, got: $output"
	done <<-'ROWS'
		413|--repeat 65537
		200|--code "'import sys'"
		415|--header Content-Type=text/plain
		403|--header Origin=http://example.org
		421|--header Host=example.org
		400|--body '{"code": 7}'
		400|--body '[1]'
		400|--body nonsense
		411|--header Transfer-Encoding=chunked
		413|--header Content-Length=999999999
		411|--header Content-Length=-1
		404|--path /nothing
	ROWS
	stop_service
}

@test "web: two at a time, eight in line, and the others come back later" {
	local began
	a_service --rate 100
	began=$SECONDS
	run -0 post --code 'import time; time.sleep(60)' --times 11
	[[ $(jq -r .status <<<"$output" | sort | uniq -c | tr -s ' \n' ' ') == ' 10 200 1 429 ' ]] || fail "$output"
	[[ $(jq -r 'select(.status == 429).headers["retry-after"]' <<<"$output") == 5 ]]
	[[ $(jq -r 'select(.status == 200).body.verdict' <<<"$output" | sort -u) == timeout ]]
	# Ten of three seconds each, two at a time.
	((SECONDS - began >= 14))
	stop_service
}

@test "web: a client may ask so often and no more" {
	local wanted
	a_service --rate 2
	for wanted in 200 200 429; do
		run -0 post --code 'print(1)'
		[[ $(jq .status <<<"$output") == "$wanted" ]] || fail "$output"
	done
	(($(jq -r '.headers["retry-after"]' <<<"$output") > 0))
	stop_service
}

@test "web: whoever goes away takes the run along" {
	a_service
	/usr/bin/python3 "$BATS_TEST_DIRNAME/post.py" "$URL" --code 'import time; time.sleep(60)' </dev/null >/dev/null 2>&1 3>&- 4>&- &
	local client=$!
	patiently code_runs
	kill -KILL "$client"
	wait "$client" || true
	wait_for no_code_runs
	stop_service
}

@test "web: when it is killed, no run goes on" {
	a_service
	post --code 'import time; time.sleep(60)' </dev/null >/dev/null 2>&1 3>&- 4>&- &
	local client=$!
	patiently code_runs
	kill -KILL "$SERVICE"
	wait_for no_code_runs
	wait "$client" || true
}

@test "web: when it stops, runs are cancelled and answered" {
	a_service
	post --code 'import time; time.sleep(60)' --times 3 </dev/null >"$T/answers" 2>&1 3>&- 4>&- &
	local client=$!
	patiently code_runs
	sleep 0.3
	stop_service
	wait "$client"
	[[ $(jq -r '.body.verdict // .status' "$T/answers" | sort | tr '\n' ' ') == '503 cancelled cancelled ' ]] ||
		fail "$(cat "$T/answers")"
	no_code_runs
}

# --- the queue -----------------------------------------------------------------------------------------------------

# queue WORDS...: its exit status and output.
queue() { "$T/examples/queue/queue" --directory "$T/spool" "$@"; }
work() { queue work "${WEAKER[@]}" --rootfs "$WORK/python-root" "$@"; }

# a_worker: in the background, what it says in $T/out, its pid in $WORKER.
a_worker() {
	"$T/examples/queue/queue" --directory "$T/spool" work "${WEAKER[@]}" --rootfs "$WORK/python-root" \
		</dev/null >"$T/out" 2>&1 3>&- 4>&- &
	WORKER=$!
}

# a_candidate PROGRAM [PAYLOADS]: its id in $ID.
a_candidate() {
	printf '%s\n' "$1" >"$T/program.py"
	printf '%s\n' "${2:-[{\"name\": \"one\", \"stdin\": \"\"\}]}" >"$T/payloads.json"
	ID=$(queue submit "$T/program.py" "$T/payloads.json")
}

state_is() { [[ $(queue status "$ID" | jq -r .state) == "$1" ]]; }
candidate_runs() { ! no_process 'python3 -I -X utf8 /tmp/program.py'; }
no_candidate_runs() { no_process 'python3 -I -X utf8 /tmp/program.py'; }

@test "queue: the page is true" {
	follow queue -e 's/^\.\/queue work/& --best-effort/'
}

@test "queue: a worker that is killed leaves nothing running, and the next one goes on" {
	a_python_root
	a_candidate 'import time; time.sleep(8)'
	a_worker
	patiently candidate_runs
	kill -KILL "$WORKER"
	wait "$WORKER" || true
	wait_for no_candidate_runs
	state_is staging
	run -0 work
	output_is "$ID promoted"
	state_is promoted
	[[ $(find "$T/spool" -name "$ID") == "$T/spool/promoted/$ID" ]]
}

@test "queue: killed between decision and rename, it does not try again" {
	a_python_root
	a_candidate 'print(1)'
	mv "$T/spool/incoming/$ID" "$T/spool/staging/$ID"
	echo '{"decision": "quarantine", "runs": []}' >"$T/spool/staging/$ID/result.json"
	run -0 work
	output_is "$ID quarantine"
	[[ $(queue status "$ID" | jq -c .result.runs) == '[]' ]]
}

@test "queue: killed at any moment, each candidate ends in one place" {
	local i delay ids=()
	a_python_root
	for i in 1 2 3 4; do
		a_candidate "print($i)"
		ids+=("$ID")
	done
	for delay in 0.1 0.2 0.3 0.4 0.5 0.6; do
		a_worker
		sleep "$delay"
		kill -KILL "$WORKER" 2>/dev/null || true
		wait "$WORKER" || true
	done
	wait_for no_candidate_runs
	run -0 work
	[[ $(ls "$T/spool/promoted") == "$(printf '%s\n' "${ids[@]}")" ]]
	[[ $(find "$T/spool" -name program.py | wc -l) == 4 ]]
	mayfly list >/dev/null
}

@test "queue: a worker that is told to end decides nothing" {
	a_python_root
	a_candidate 'import time; time.sleep(60)'
	local status=0
	a_worker
	patiently candidate_runs
	kill "$WORKER"
	wait "$WORKER" || status=$?
	((status == 3))
	[[ $(cat "$T/out") == 'queue: a candidate stays in staging: cancelled'* ]] || fail "$(cat "$T/out")"
	state_is staging
	wait_for no_candidate_runs
}

@test "queue: each way to fail is in the result" {
	a_python_root
	for row in 'exit|import sys; sys.exit(3)' 'output-limit|while True: print("x" * 999)' \
		'syscall|import ctypes; ctypes.CDLL(None).mount(0, 0, 0, 0, 0)'; do
		a_candidate "${row#*|}"
		run -0 work
		output_is "$ID quarantine"
		[[ $(queue status "$ID" | jq -r '.result.runs[0].verdict') == "${row%%|*}" ]]
	done
	[[ $(queue status "$ID" | jq -r '.result.runs[0].forbidden_call.name') == mount ]]
}

@test "queue: a host that cannot enforce the limits decides nothing" {
	has_controllers && skip "needs a host without controllers"
	a_python_root
	a_candidate 'print(1)'
	run -3 queue work --rootfs "$WORK/python-root"
	output_has 'stays in staging: rejected'
	state_is staging
}

@test "queue: what is wrong is refused when it is submitted, and strange ids are nobody's" {
	a_candidate 'print(1)'
	for payloads in '[]' '{}' '[{"name": 1, "stdin": ""}]' '[{"name": "a"}]' '[{"name": "a", "stdin": "", "more": ""}]' nonsense; do
		echo "$payloads" >"$T/payloads.json"
		run -1 queue submit "$T/program.py" "$T/payloads.json"
	done
	head -c 1048577 /dev/zero >"$T/program.py"
	run -1 queue submit "$T/program.py" "$EXAMPLES/queue/samples/payloads.json"
	output_is 'queue: program: more than 1048576 bytes'
	for id in ../lock "../incoming/$ID" '' "$ID/" 0000000000000000000-00000000; do
		run -1 queue status "$id"
	done
	[[ $(ls "$T/spool/incoming") == "$ID" ]]
}

@test "queue: one worker at a time" {
	a_python_root
	a_candidate 'import time; time.sleep(3)'
	a_worker
	patiently candidate_runs
	run -1 work
	output_is 'queue: another worker is at work'
	wait "$WORKER"
	state_is promoted
}

# --- the hook ------------------------------------------------------------------------------------------------------

@test "validate: the page is true" {
	# Warnings of what is not enforced are on standard error, and follow reads that, too.
	has_controllers || printf '#!/bin/sh\n"%s" --root "%s" "$@" 2>"%s"\nstatus=$?\ngrep -v "NOT ENFORCED" "%s" >&2\nexit $status\n' \
		"$MAYFLY" "$ROOT" "$T/warnings."'$$' "$T/warnings."'$$' >"$T/bin/mayfly"
	follow validate -e 's/--bundle bundle/& --best-effort/' -e 's/"handler"\]/"handler", "--best-effort"]/'
}

@test "validate: what makes the parser fail starts nothing" {
	a_python_root
	cd "$T/examples/validate"
	mkdir bundle
	mayfly once --show-template strict | jq --arg root "$WORK/python-root" --arg here "$PWD" --arg path "PATH=$PATH" \
		'.root.path = $root | .hooks.createRuntime = [{path: ($here + "/validate"), env: [$path],
		args: (["validate", $root, "main.py", "handler"] + $ARGS.positional)}]' --args -- "${WEAKER[@]}" >bundle/config.json
	/usr/bin/python3 -c 'print("(" * 100000)' >bundle/main.py
	run -125 mayfly once --bundle bundle "${WEAKER[@]}" -- python3 -c 'print("never")'
	output_has 'main.py: '
	output_lacks never
	printf 'def handler(): pass\n#\0' >bundle/main.py
	run -125 mayfly once --bundle bundle "${WEAKER[@]}" -- python3 -c 'print("never")'
	output_has 'main.py: it cannot be parsed'
	head -c 2000000 /dev/zero >bundle/main.py
	run -125 mayfly once --bundle bundle "${WEAKER[@]}" -- python3 -c 'print("never")'
	output_has 'more than 1048576 bytes'
	# The template's annotations are for once; an ordinary container has its own.
	jq '.annotations = {"dev.mayfly.result": "spool"}' bundle/config.json >"$T/config" && cat "$T/config" >bundle/config.json
	run mayfly --allow-missing-controllers run --bundle bundle other
	((status != 0))
	output_has 'more than 1048576 bytes'
	[[ $(mayfly result other | jq -r .verdict) == rejected ]]
}
