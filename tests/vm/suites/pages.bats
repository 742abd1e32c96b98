#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# docs/docker.md and docs/podman.md, followed word for word.
# vm-needs: docker podman

FOLLOW=$BATS_TEST_DIRNAME/../lib/follow
DOCS=$BATS_TEST_DIRNAME/../../../docs

# A page begins on a machine where nobody has configured anything yet; the others get theirs back.
setup_file() {
    for file in /etc/docker/daemon.json /etc/containers/containers.conf.d; do
        mv "$file" "$file.kept"
    done
    # Where `make install` puts it, for a binary that came alone.
    install -D -m 644 -t /usr/local/share/doc/mayfly/examples "$BATS_TEST_DIRNAME/../../../docs/examples/containers.conf"
}

teardown_file() {
    for file in /etc/docker/daemon.json /etc/containers/containers.conf.d; do
        rm -rf "$file"
        mv "$file.kept" "$file"
    done
    systemctl restart docker
    loginctl disable-linger tester
}

@test "docker.md: every block runs and prints what the page says" {
    "$FOLLOW" "$DOCS/docker.md" 3>&-
}

@test "podman.md: every block runs and prints what the page says" {
    "$FOLLOW" "$DOCS/podman.md" 3>&-
}
