#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# What of checkpoint and restore mayfly refuses, in its own words.
# vm-as: podman
# vm-beside: yes

load ../lib/engine.bash

teardown() { remove_all; }

@test "what cannot be done is refused before anything is done" {
    attempt mayfly checkpoint --lazy-pages gone
    matches 'lazy-pages is not supported'
    attempt mayfly checkpoint --manage-cgroups-mode full gone
    matches 'manage-cgroups-mode full is not supported'
    attempt mayfly restore --image-path "$BATS_TEST_TMPDIR/none" gone
    status_is 1
    run_none -dt --name tty busybox sh >/dev/null
    attempt podman container checkpoint tty
    status_is 125
    matches 'process.terminal'
    equal "$(inspect tty '{{.State.Running}}')" true
}
