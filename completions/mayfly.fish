# SPDX-License-Identifier: Apache-2.0
# Completion of mayfly for fish. tests/lint/man holds it against the tables of options.

function __mayfly_ids
    mayfly list --quiet 2>/dev/null
end

complete -c mayfly -f
complete -c mayfly -n __fish_use_subcommand -a create -d 'Create a container from a bundle; `start` then runs its program.'
complete -c mayfly -n __fish_use_subcommand -a start -d 'Run the program of a created container.'
complete -c mayfly -n __fish_use_subcommand -a run -d 'Run a bundle in a fresh container, wait for its end, and delete it.'
complete -c mayfly -n __fish_use_subcommand -a exec -d 'Run another process in a container.'
complete -c mayfly -n __fish_use_subcommand -a state -d 'Print the state of a container as JSON.'
complete -c mayfly -n __fish_use_subcommand -a list -d 'List the containers under the root.'
complete -c mayfly -n __fish_use_subcommand -a ps -d 'List the processes of a container, by the host\'s ps (default: ps -ef).'
complete -c mayfly -n __fish_use_subcommand -a kill -d 'Send a signal (default: TERM) to the container\'s process; 0 only asks if it lives.'
complete -c mayfly -n __fish_use_subcommand -a delete -d 'Delete a container that has stopped or was never started.'
complete -c mayfly -n __fish_use_subcommand -a plan -d 'Print every step create would take for a bundle; start nothing.'
complete -c mayfly -n __fish_use_subcommand -a spec -d 'Write a config.json to start from.'
complete -c mayfly -n __fish_use_subcommand -a features -d 'Print what this runtime supports as JSON (OCI features document).'
complete -c mayfly -n __fish_use_subcommand -a version -d 'Print the version, the commit, and those of spec and libraries.'
complete -c mayfly -n __fish_use_subcommand -a help -d 'Explain the commands, or one of them.'

complete -c mayfly -n __fish_use_subcommand -l root -x -a '(__fish_complete_directories)' -d 'where containers are remembered (default: /run/mayfly, or $XDG_RUNTIME_DIR/mayfly)'
complete -c mayfly -n __fish_use_subcommand -l log -r -F -d 'append errors to FILE, besides standard error'
complete -c mayfly -n __fish_use_subcommand -l log-format -x -a 'text json' -d 'of the log file: text or json (default: text)'
complete -c mayfly -n __fish_use_subcommand -l log-level -x -a 'error warning debug' -d 'error, warning or debug (default: error)'
complete -c mayfly -n __fish_use_subcommand -l debug -d 'the same as --log-level debug'
complete -c mayfly -n __fish_use_subcommand -l systemd-cgroup -d 'let systemd make the cgroup'
complete -c mayfly -n __fish_use_subcommand -l cgroup-manager -x -a 'cgroupfs systemd' -d 'cgroupfs or systemd (default: cgroupfs)'
complete -c mayfly -n __fish_use_subcommand -l rootless -x -a 'true false auto' -d 'do without a cgroup that may not be made: true, false or auto (default: auto)'
complete -c mayfly -n __fish_use_subcommand -l allow-missing-controllers -d 'run without the limits this host cannot enforce, and say which'
complete -c mayfly -n __fish_use_subcommand -s v -l version -d 'print the version and exit'
complete -c mayfly -n __fish_use_subcommand -s h -l help -d 'print this and exit'

complete -c mayfly -n '__fish_seen_subcommand_from create' -s b -l bundle -x -a '(__fish_complete_directories)' -d 'the bundle, a directory with config.json (default: the working directory)'
complete -c mayfly -n '__fish_seen_subcommand_from create' -s f -l config -r -F -d 'name of the configuration (default: config.json in the bundle)'
complete -c mayfly -n '__fish_seen_subcommand_from create' -l console-socket -r -F -d 'Unix socket that is sent the terminal\'s master side'
complete -c mayfly -n '__fish_seen_subcommand_from create' -l pidfd-socket -r -F -d 'Unix socket that is sent a pidfd of the container\'s process'
complete -c mayfly -n '__fish_seen_subcommand_from create' -l pid-file -r -F -d 'write the process id of the container\'s process into FILE'
complete -c mayfly -n '__fish_seen_subcommand_from create' -l preserve-fds -x -d 'hand descriptors 3 to 2+N to the program (default: 0)'
complete -c mayfly -n '__fish_seen_subcommand_from create' -l no-pivot -d 'chroot instead of pivot_root, for a root on an initial ramdisk'
complete -c mayfly -n '__fish_seen_subcommand_from create' -l no-new-keyring -d 'keep the caller\'s session keyring'
complete -c mayfly -n '__fish_seen_subcommand_from create' -s h -l help -d 'print this and exit'

complete -c mayfly -n '__fish_seen_subcommand_from start' -s h -l help -d 'print this and exit'

complete -c mayfly -n '__fish_seen_subcommand_from run' -s b -l bundle -x -a '(__fish_complete_directories)' -d 'the bundle, a directory with config.json (default: the working directory)'
complete -c mayfly -n '__fish_seen_subcommand_from run' -s f -l config -r -F -d 'name of the configuration (default: config.json in the bundle)'
complete -c mayfly -n '__fish_seen_subcommand_from run' -l console-socket -r -F -d 'Unix socket that is sent the terminal\'s master side'
complete -c mayfly -n '__fish_seen_subcommand_from run' -l pidfd-socket -r -F -d 'Unix socket that is sent a pidfd of the container\'s process'
complete -c mayfly -n '__fish_seen_subcommand_from run' -l pid-file -r -F -d 'write the process id of the container\'s process into FILE'
complete -c mayfly -n '__fish_seen_subcommand_from run' -l preserve-fds -x -d 'hand descriptors 3 to 2+N to the program (default: 0)'
complete -c mayfly -n '__fish_seen_subcommand_from run' -l no-pivot -d 'chroot instead of pivot_root, for a root on an initial ramdisk'
complete -c mayfly -n '__fish_seen_subcommand_from run' -l no-new-keyring -d 'keep the caller\'s session keyring'
complete -c mayfly -n '__fish_seen_subcommand_from run' -s d -l detach -d 'return as soon as the program runs; it is not deleted when it ends'
complete -c mayfly -n '__fish_seen_subcommand_from run' -l keep -d 'do not delete the container at its end'
complete -c mayfly -n '__fish_seen_subcommand_from run' -l no-subreaper -d 'do not adopt the orphans of the container'
complete -c mayfly -n '__fish_seen_subcommand_from run' -s h -l help -d 'print this and exit'

complete -c mayfly -n '__fish_seen_subcommand_from exec' -s p -l process -r -F -d 'a process object (JSON) instead of a command; - is standard input'
complete -c mayfly -n '__fish_seen_subcommand_from exec' -l cwd -x -a '(__fish_complete_directories)' -d 'working directory in the container'
complete -c mayfly -n '__fish_seen_subcommand_from exec' -s e -l env -x -d 'add to the environment; may be repeated'
complete -c mayfly -n '__fish_seen_subcommand_from exec' -s t -l tty -d 'give the process a terminal'
complete -c mayfly -n '__fish_seen_subcommand_from exec' -s u -l user -x -d 'run as this user, by number (default GID: the container\'s)'
complete -c mayfly -n '__fish_seen_subcommand_from exec' -s g -l additional-gids -x -d 'a further group, by number; may be repeated'
complete -c mayfly -n '__fish_seen_subcommand_from exec' -s c -l cap -x -d 'a further capability; may be repeated'
complete -c mayfly -n '__fish_seen_subcommand_from exec' -l no-new-privs -d 'set no_new_privs'
complete -c mayfly -n '__fish_seen_subcommand_from exec' -l apparmor -x -d 'AppArmor profile of the process'
complete -c mayfly -n '__fish_seen_subcommand_from exec' -l process-label -x -d 'SELinux label of the process'
complete -c mayfly -n '__fish_seen_subcommand_from exec' -s d -l detach -d 'return as soon as the command runs'
complete -c mayfly -n '__fish_seen_subcommand_from exec' -l pid-file -r -F -d 'write the process id of the command into FILE'
complete -c mayfly -n '__fish_seen_subcommand_from exec' -l console-socket -r -F -d 'Unix socket that is sent the terminal\'s master side'
complete -c mayfly -n '__fish_seen_subcommand_from exec' -l pidfd-socket -r -F -d 'Unix socket that is sent a pidfd of the command'
complete -c mayfly -n '__fish_seen_subcommand_from exec' -l preserve-fds -x -d 'hand descriptors 3 to 2+N to the command (default: 0)'
complete -c mayfly -n '__fish_seen_subcommand_from exec' -l cgroup -x -d 'a cgroup below the container\'s own'
complete -c mayfly -n '__fish_seen_subcommand_from exec' -l ignore-paused -d 'also when the container is paused'
complete -c mayfly -n '__fish_seen_subcommand_from exec' -s h -l help -d 'print this and exit'

complete -c mayfly -n '__fish_seen_subcommand_from state' -s h -l help -d 'print this and exit'

complete -c mayfly -n '__fish_seen_subcommand_from list' -s f -l format -x -a 'table json' -d 'table or json (default: table)'
complete -c mayfly -n '__fish_seen_subcommand_from list' -s q -l quiet -d 'ids only, one on a line'
complete -c mayfly -n '__fish_seen_subcommand_from list' -s h -l help -d 'print this and exit'

complete -c mayfly -n '__fish_seen_subcommand_from ps' -s f -l format -x -a 'table json' -d 'table or json (default: table)'
complete -c mayfly -n '__fish_seen_subcommand_from ps' -s h -l help -d 'print this and exit'

complete -c mayfly -n '__fish_seen_subcommand_from kill' -s a -l all -d 'signal every process of the container; one that has stopped is no error'
complete -c mayfly -n '__fish_seen_subcommand_from kill' -s h -l help -d 'print this and exit'

complete -c mayfly -n '__fish_seen_subcommand_from delete' -s f -l force -d 'kill what still runs; a container that does not exist is no error'
complete -c mayfly -n '__fish_seen_subcommand_from delete' -s h -l help -d 'print this and exit'

complete -c mayfly -n '__fish_seen_subcommand_from plan' -s b -l bundle -x -a '(__fish_complete_directories)' -d 'the bundle, a directory with config.json (default: the working directory)'
complete -c mayfly -n '__fish_seen_subcommand_from plan' -s f -l config -r -F -d 'name of the configuration (default: config.json in the bundle)'
complete -c mayfly -n '__fish_seen_subcommand_from plan' -l console-socket -r -F -d 'Unix socket that is sent the terminal\'s master side'
complete -c mayfly -n '__fish_seen_subcommand_from plan' -l pidfd-socket -r -F -d 'Unix socket that is sent a pidfd of the container\'s process'
complete -c mayfly -n '__fish_seen_subcommand_from plan' -l pid-file -r -F -d 'write the process id of the container\'s process into FILE'
complete -c mayfly -n '__fish_seen_subcommand_from plan' -l preserve-fds -x -d 'hand descriptors 3 to 2+N to the program (default: 0)'
complete -c mayfly -n '__fish_seen_subcommand_from plan' -l no-pivot -d 'chroot instead of pivot_root, for a root on an initial ramdisk'
complete -c mayfly -n '__fish_seen_subcommand_from plan' -l no-new-keyring -d 'keep the caller\'s session keyring'
complete -c mayfly -n '__fish_seen_subcommand_from plan' -s h -l help -d 'print this and exit'

complete -c mayfly -n '__fish_seen_subcommand_from spec' -s b -l bundle -x -a '(__fish_complete_directories)' -d 'write into this directory (default: the working directory)'
complete -c mayfly -n '__fish_seen_subcommand_from spec' -s f -l config -r -F -d 'name of the file (default: config.json)'
complete -c mayfly -n '__fish_seen_subcommand_from spec' -l rootless -d 'for a user without root: a user namespace, no limits'
complete -c mayfly -n '__fish_seen_subcommand_from spec' -s h -l help -d 'print this and exit'

complete -c mayfly -n '__fish_seen_subcommand_from features' -s h -l help -d 'print this and exit'

complete -c mayfly -n '__fish_seen_subcommand_from version' -s h -l help -d 'print this and exit'

complete -c mayfly -n '__fish_seen_subcommand_from help' -s h -l help -d 'print this and exit'

complete -c mayfly -n '__fish_seen_subcommand_from start exec state ps kill delete' -a '(__mayfly_ids)'
complete -c mayfly -n '__fish_seen_subcommand_from help' -a 'create start run exec state list ps kill delete plan spec features version help'
