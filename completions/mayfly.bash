# SPDX-License-Identifier: Apache-2.0
# Completion of mayfly for bash. tests/lint/man holds it against the tables of options.
# shellcheck shell=bash

# Of the root that stands on the line.
_mayfly_ids() { mayfly ${1:+--root "$1"} list --quiet 2>/dev/null; }

_mayfly_paths()
{
	compopt -o filenames 2>/dev/null
	mapfile -t COMPREPLY < <(compgen "$1" -- "$2")
	return 0
}

_mayfly()
{
	local current=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD - 1]}
	local command='' id='' root='' options words='' i

	COMPREPLY=()
	# Bash cuts --name=value into three words.
	[[ $current != = ]] || current=
	[[ $previous != = ]] || previous=${COMP_WORDS[COMP_CWORD - 2]}
	for ((i = 1; i < COMP_CWORD; i++)); do
		[[ ${COMP_WORDS[i + 1]-} != = ]] || { COMP_WORDS[i + 1]=${COMP_WORDS[i]} && continue; }
		case $command:${COMP_WORDS[i]} in
		*:--root) root=${COMP_WORDS[++i]/#\~/$HOME} ;;
		delete:-f | spec:--rootless) ;;
		update:-r | update:--resources | update:--blkio-* | update:--cpu* | update:--memory* | update:--pids-limit | \
			update:--l3-* | update:--mem-* | events:--interval) ((i++)) ;;
		*:-[befgpuc] | *:--log | *:--log-* | *:--cgroup* | *:--rootless | *:--bundle | *:--config | *:--format | \
			*:--*-socket | *:--pid-file | *:--preserve-fds | *:--process | *:--cwd | *:--env | *:--user | \
			once:-j | once:--rootfs | once:--*template | once:--request | once:--jobs | once:--stdin | once:--file | \
			once:--collect | *:--wall | *:--grace | *:--cpu | once:--cpus | once:--memory | once:--pids | \
			*:--output | *:--stdout | *:--stderr | *:--on-* | once:--tmp | once:--fsize | once:--nofile | \
			once:--stack | once:--net | *:--result | *:--limits-file | \
			*:--additional-gids | *:--cap | *:--apparmor | *:--process-label | *:--image-path | *:--work-path | *:--empty-ns | \
			*:--manage-cgroups-mode | *:--network-lock | *:--parent-path | *:--page-server | *:--status-fd | *:--lsm-*) ((i++)) ;;
		*:-*) ;;
		:*) command=${COMP_WORDS[i]} ;;
		*) id=${id:-${COMP_WORDS[i]}} ;;
		esac
	done
	case $command:$previous in
	delete:-f | spec:--rootless) ;;
	*:--bundle | *:-b | :--root | *:--image-path | *:--work-path | *:--parent-path) _mayfly_paths -d "$current" && return ;;
	*:--log-format) words='text json' ;;
	*:--log-level) words='error warning debug' ;;
	*:--cgroup-manager) words='cgroupfs systemd' ;;
	*:--rootless) words='true false auto' ;;
	once:--*template) words='strict judge agent dev' ;;
	*:--on-output) words='kill discard block' ;;
	*:--on-oom) words='group process' ;;
	*:--on-pids | *:--on-syscall) words='kill record' ;;
	once:--rootfs) _mayfly_paths -d "$current" && return ;;
	run:--result | create:--result) words='spool stderr termination-log' ;;
	once:--result | once:--stdin | once:--request | *:--limits-file) _mayfly_paths -f "$current" && return ;;
	*:--format | list:-f | ps:-f) words='table json' ;;
	update:-r | *:--resources | *:--*-socket | *:--pid-file | *:--config | *:-f | *:--process | *:-p | *:--log) _mayfly_paths -f "$current" && return ;;
	esac
	if [[ -n $words ]]; then
		mapfile -t COMPREPLY < <(compgen -W "$words" -- "$current")
		return
	fi
	case $command in
	create) options='-b --bundle -f --config --console-socket --pidfd-socket --pid-file --preserve-fds --no-pivot --no-new-keyring --wall --grace --cpu --output --stdout --stderr --on-output --on-oom --on-pids --on-syscall --result -h --help' ;;
	start) options='-h --help' ;;
	run) options='-b --bundle -f --config --console-socket --pidfd-socket --pid-file --preserve-fds --no-pivot --no-new-keyring --wall --grace --cpu --output --stdout --stderr --on-output --on-oom --on-pids --on-syscall --result -d --detach --keep --no-subreaper -h --help' ;;
	once) options='-b --bundle --rootfs --template --show-template -f --request -j --jobs -e --env --cwd --stdin --file --collect --wall --grace --cpu --cpus --memory --pids --output --stdout --stderr --on-output --merge-stderr --tmp --fsize --nofile --stack --net --on-oom --on-pids --on-syscall --best-effort --check --result --json --exit-verdict -h --help' ;;
	exec) options='-p --process --cwd -e --env -t --tty -u --user -g --additional-gids -c --cap --no-new-privs --apparmor --process-label -d --detach --pid-file --console-socket --pidfd-socket --preserve-fds --cgroup --ignore-paused -h --help' ;;
	state) options='-h --help' ;;
	list) options='-f --format -q --quiet -h --help' ;;
	ps) options='-f --format -h --help' ;;
	kill) options='-a --all -h --help' ;;
	delete) options='-f --force -h --help' ;;
	pause) options='-h --help' ;;
	resume) options='-h --help' ;;
	update) options='-r --resources --blkio-weight --cpu-period --cpu-quota --cpu-burst --cpu-share --cpu-rt-period --cpu-rt-runtime --cpu-idle --cpuset-cpus --cpuset-mems --memory --memory-reservation --memory-swap --pids-limit --l3-cache-schema --mem-bw-schema -h --help' ;;
	events) options='--interval --stats -h --help' ;;
	checkpoint) options='--image-path --work-path --tcp-established --ext-unix-sk --shell-job --file-locks --auto-dedup --empty-ns --manage-cgroups-mode --network-lock --lazy-pages --tcp-skip-in-flight --link-remap --leave-running --pre-dump --parent-path --page-server --status-fd -h --help' ;;
	restore) options='-b --bundle -f --config --console-socket --pidfd-socket --pid-file --preserve-fds --no-pivot --no-new-keyring --image-path --work-path --tcp-established --ext-unix-sk --shell-job --file-locks --auto-dedup --empty-ns --manage-cgroups-mode --network-lock --lazy-pages --tcp-close --lsm-profile --lsm-mount-context -d --detach --no-subreaper -h --help' ;;
	result) options='--wait -h --help' ;;
	plan) options='-b --bundle -f --config --console-socket --pidfd-socket --pid-file --preserve-fds --no-pivot --no-new-keyring -h --help' ;;
	spec) options='-b --bundle -f --config --rootless -h --help' ;;
	features) options='-h --help' ;;
	doctor) options='--prepare --remove -h --help' ;;
	version) options='-h --help' ;;
	help) options='-h --help' ;;
	*) options='--root --log --log-format --log-level --debug --systemd-cgroup --cgroup-manager --rootless --allow-missing-controllers --limits-file -v --version -h --help' ;;
	esac
	case $command in
	'') words='create start run once exec state list ps kill delete pause resume update events checkpoint restore result plan spec features doctor version help' ;;
	help) words='create start run once exec state list ps kill delete pause resume update events checkpoint restore result plan spec features doctor version help' ;;
	start | exec | state | ps | kill | delete | pause | resume | update | events | checkpoint | result) [[ -n $id ]] || words=$(_mayfly_ids "$root") ;;
	esac
	[[ $current != -* ]] || words=$options
	case $command:${id:+id} in
	kill:id) words='TERM KILL INT HUP QUIT USR1 USR2 STOP CONT WINCH' ;;
	once:id | exec:id | ps:id) return ;; # the options of another program
	plan:) [[ $current != [./]* ]] || { _mayfly_paths -d "$current" && return; } ;;
	esac
	mapfile -t COMPREPLY < <(compgen -W "$words" -- "$current")
}
complete -F _mayfly mayfly
