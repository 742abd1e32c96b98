# SPDX-License-Identifier: Apache-2.0
# Completion of mayfly for bash. tests/lint/man holds it against the tables of options.
# shellcheck shell=bash

_mayfly_ids() { mayfly list --quiet 2>/dev/null; }

_mayfly()
{
	local current=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD - 1]}
	local command='' options words='' i

	COMPREPLY=()
	for ((i = 1; i < COMP_CWORD; i++)); do
		case ${COMP_WORDS[i]} in
		--root | --log | --log-format | --log-level | --cgroup-manager | --rootless) ((i++)) ;;
		-*) ;;
		*)
			command=${COMP_WORDS[i]}
			break
			;;
		esac
	done
	case $previous in
	--bundle | -b | --root) mapfile -t COMPREPLY < <(compgen -d -- "$current") && return ;;
	--log-format) words='text json' ;;
	--log-level) words='error warning debug' ;;
	--cgroup-manager) words='cgroupfs systemd' ;;
	--format) words='table json' ;;
	--*-socket | --pid-file | --config | --process | --log)
		mapfile -t COMPREPLY < <(compgen -f -- "$current")
		return
		;;
	esac
	if [[ -n $words ]]; then
		mapfile -t COMPREPLY < <(compgen -W "$words" -- "$current")
		return
	fi
	case $command in
	create) options='-b --bundle -f --config --console-socket --pidfd-socket --pid-file --preserve-fds --no-pivot --no-new-keyring -h --help' ;;
	start) options='-h --help' ;;
	run) options='-b --bundle -f --config --console-socket --pidfd-socket --pid-file --preserve-fds --no-pivot --no-new-keyring -d --detach --keep --no-subreaper -h --help' ;;
	exec) options='-p --process --cwd -e --env -t --tty -u --user -g --additional-gids -c --cap --no-new-privs --apparmor --process-label -d --detach --pid-file --console-socket --pidfd-socket --preserve-fds --cgroup --ignore-paused -h --help' ;;
	state) options='-h --help' ;;
	list) options='-f --format -q --quiet -h --help' ;;
	ps) options='-f --format -h --help' ;;
	kill) options='-a --all -h --help' ;;
	delete) options='-f --force -h --help' ;;
	plan) options='-b --bundle -f --config --console-socket --pidfd-socket --pid-file --preserve-fds --no-pivot --no-new-keyring -h --help' ;;
	spec) options='-b --bundle -f --config --rootless -h --help' ;;
	features) options='-h --help' ;;
	version) options='-h --help' ;;
	help) options='-h --help' ;;
	*) options='--root --log --log-format --log-level --debug --systemd-cgroup --cgroup-manager --rootless --allow-missing-controllers -v --version -h --help' ;;
	esac
	case $command in
	'') words='create start run exec state list ps kill delete plan spec features version help' ;;
	help) words='create start run exec state list ps kill delete plan spec features version help' ;;
	start | exec | state | ps | kill | delete) words=$(_mayfly_ids) ;;
	esac
	[[ $current != -* ]] || words=$options
	mapfile -t COMPREPLY < <(compgen -W "$words" -- "$current")
}
complete -F _mayfly mayfly
