#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Buildah, and ctr with a program of its own: two callers that need no daemon's configuration.
# vm-runtimes: runc crun mayfly
# vm-needs: cri podman

load ../lib/engine.bash

setup_file() {
    local work=$BATS_FILE_TMPDIR/work
    mkdir -p "$work"
    cp /var/lib/mayfly-vm/root.tar "$work/root.tar"
    cat >"$work/Containerfile" <<'END'
FROM scratch
ADD root.tar /
ENV PATH=/bin GREETING=hello
RUN echo "$GREETING" >/made && id -u >>/made
USER app
WORKDIR /home/app
RUN id -un >mine && pwd >>mine
END
    once build buildah bud --runtime "$RUNTIME" --network none -t "made-$RUNTIME" "$work"
    [ "$(cat "$BATS_FILE_TMPDIR/build.status")" -eq 0 ] || { cat "$BATS_FILE_TMPDIR/build" && return 1; }
    buildah from --name "by-$RUNTIME" "localhost/made-$RUNTIME"
}

teardown_file() { buildah rm "by-$RUNTIME"; }

in_it() { attempt buildah run --runtime "$RUNTIME" --network none "$@"; }

@test "buildah bud: RUN as root and as a user, in the right directory" {
    in_it "by-$RUNTIME" -- cat /made mine
    status_is 0
    equal "$output" $'hello\n0\napp\n/home/app'
}

@test "buildah run: the exit status is the program's" {
    in_it "by-$RUNTIME" -- sh -c 'echo out; echo err >&2; exit 7'
    [ "$status" -ne 0 ]
    has out err
    matches 'exit status 7'
}

@test "buildah run: a program that is not there is named" {
    in_it "by-$RUNTIME" -- no-such-program
    [ "$status" -ne 0 ]
    matches 'no-such-program'
}

@test "buildah run: a volume, a capability, a user" {
    mkdir -p "$BATS_TEST_TMPDIR/volume"
    in_it --user root --cap-drop all -v "$BATS_TEST_TMPDIR/volume:/mnt" "by-$RUNTIME" -- sh -c 'echo here >/mnt/file; grep CapEff /proc/self/status; id -u'
    status_is 0
    has 0
    equal "$(cat "$BATS_TEST_TMPDIR/volume/file")" here
    matches '^CapEff:.0000000000000000$'
}

@test "buildah run --tty: a terminal" {
    attempt "$LIB/pty" --on ready 'words\n' -- buildah run --tty --runtime "$RUNTIME" --network none "by-$RUNTIME" -- \
        sh -c 'test -t 0 && echo terminal; echo ready; read -r w; echo "read: $w"'
    status_is 0
    has terminal "read: words"
}

@test "buildah run: standard input through a pipe" {
    attempt buildah run --runtime "$RUNTIME" --network none "by-$RUNTIME" -- wc -c < <(head -c 100000 /dev/zero)
    status_is 0
    has 100000
}

@test "ctr run --runc-binary: output, exit status, limits" {
    attempt ctr run --rm --env PATH=/bin --runc-binary "$(command -v "$RUNTIME")" --memory-limit 67108864 --cpus 0.5 --rootfs \
        /var/lib/mayfly-vm/root "ctr-$RUNTIME" sh -c 'cat /sys/fs/cgroup/memory.max /sys/fs/cgroup/cpu.max || cat /proc/self/cgroup; exit 9'
    status_is 9
    group=/sys/fs/cgroup/default/ctr-$RUNTIME
    [ ! -e "$group" ]
}

@test "ctr: a recursive read-only mount" {
    local dir=$BATS_TEST_TMPDIR/tree
    mkdir -p "$dir/deep"
    mount -t tmpfs tmpfs "$dir/deep"
    attempt ctr run --rm --env PATH=/bin --runc-binary "$(command -v "$RUNTIME")" --mount "type=bind,src=$dir,dst=/mnt,options=rbind:rro" \
        --rootfs /var/lib/mayfly-vm/root "rro-$RUNTIME" sh -c 'echo no >/mnt/file; echo "top: $?"; echo no >/mnt/deep/file; echo "deep: $?"'
    umount "$dir/deep"
    has "top: 1" "deep: 1"
}

@test "ctr: task exec, kill and a detached container" {
    ctr run -d --env PATH=/bin --runc-binary "$(command -v "$RUNTIME")" --rootfs /var/lib/mayfly-vm/root "task-$RUNTIME" sleep 1000 3>&-
    attempt ctr task exec --exec-id e1 "task-$RUNTIME" sh -c 'echo inside; exit 3'
    status_is 3
    has inside
    ctr task kill -s KILL "task-$RUNTIME"
    stopped() { ctr task ls | grep "task-$RUNTIME" | grep -q STOPPED; }
    eventually 20 stopped
    ctr task rm "task-$RUNTIME" || true # its status is the program's
    ctr container rm "task-$RUNTIME"
}
