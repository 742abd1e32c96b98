# SPDX-License-Identifier: Apache-2.0
# For the hostile suites: a canary, and a run of mayfly that must end in time, by itself and in little memory.
# shellcheck shell=bash disable=SC2154,SC2034

load ../integration/helpers

# Sentinels stand in and beside every directory on the way to the state root; anything an image or an id names
# may be below $T/canary.
prepare() {
	CANARY=$T/canary
	mkdir -p "$CANARY/dir/sub"
	echo secret >"$CANARY/file"
	echo deep >"$CANARY/dir/sub/file"
	chmod 640 "$CANARY/file"
	chown 123:456 "$CANARY/dir/sub/file"
	mkfifo "$CANARY/fifo"
	for directory in "$T/state" "$T/state/of" "$T/state/of/tests"; do
		echo sentinel >"$directory/sentinel"
	done
	update_config '.process.capabilities = {}'
	canary_print >"$T/canary.before"
}

canary_print() {
	find "$T/canary" "$T/state" -path "$ROOT" -prune -o -printf '%P %y %i %m %U %G %s %T@ %C@ %l\n' |
		grep -v '^of/tests d' | sort
	find "$T/canary" "$T/state" -path "$ROOT" -prune -o -type f -print0 | sort -z | xargs -0 sha256sum
}

canary_intact() {
	diff "$T/canary.before" <(canary_print) || fail "the canary was touched"
}

clean_up() {
	if [[ -e $T/canary.before ]]; then
		canary_intact
	fi
}

# attack ARGS...: mayfly ARGS. Sets $status, $output and $milliseconds, and fails unless it ended by
# itself, within 10 seconds, in 32 MiB, with the canary as it was.
attack() {
	local how rss

	"$WORK/helper" bounded "${ATTACK_DEADLINE:-10000}" "$T/bounded" -- \
		"$MAYFLY" --root "$ROOT" "${GLOBAL[@]}" "$@" </dev/null >"$T/stdout" 2>"$T/stderr" 3>&- 4>&-
	read -r how status rss milliseconds <"$T/bounded"
	output=$(cat "$T/stdout" "$T/stderr" | tr -d '\0')
	[[ $how == exited ]] || fail "mayfly $*: $how ($status)" "$output" || return 1
	((rss <= 32768)) || fail "mayfly $* took $rss KiB" || return 1
	canary_intact
}

attack_create() { attack create --bundle "$BUNDLE" test; }
attack_run() { attack run --bundle "$BUNDLE" test; }

# refused [TEXT...]: the last attack ended as an error of one line with every TEXT in it, and left nothing.
refused() {
	((status == 1)) || fail "expected exit status 1, got $status" "$output" || return 1
	error_is_one_line "$@" || return 1
	nothing_of test
}

contained() {
	((status == 0)) || fail "expected exit status 0, got $status" "$output"
}

# Either is safe; then nothing may stay.
refused_or_contained() {
	if ((status == 0)); then
		mayfly delete --force test
	else
		refused "$@"
	fi
}

# raw_config PATH TOKEN: put a TOKEN that jq would not write at PATH of config.json.
raw_config() {
	update_config "$1 = \"@@raw@@\""
	TOKEN=$2 python3 - "$BUNDLE/config.json" <<-'PYTHON'
	import os, sys
	text = open(sys.argv[1], "rb").read()
	open(sys.argv[1], "wb").write(text.replace(b'"@@raw@@"', os.fsencode(os.environ["TOKEN"])))
	PYTHON
}

fresh_config() {
	cp "$T/config.saved" "$BUNDLE/config.json"
}

save_config() {
	cp "$BUNDLE/config.json" "$T/config.saved"
}
