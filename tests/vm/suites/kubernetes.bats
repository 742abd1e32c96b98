#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# docs/kubernetes: the page followed word for word, and its installer in a pod of the shape that installer.yaml asks for.
# vm-needs: cri
# shellcheck disable=SC2016 # jq's variables, and those of the shells in the containers

load ../lib/cri.bash

DOCS=$BATS_TEST_DIRNAME/../../../docs/kubernetes
CONFIG=/etc/containerd/config.toml

setup() { cp "$CONFIG" "$BATS_TEST_TMPDIR/config"; }
teardown() {
    cp "$BATS_TEST_TMPDIR/config" "$CONFIG"
    [ -x /usr/local/bin/mayfly ] || cp -a "$BATS_FILE_TMPDIR/image/root/usr" /
    systemctl restart containerd
}

# What Debian's package brings, and the two things a node without a network needs.
plain_config() {
    cat >"$CONFIG" <<'TOML'
version = 2

[plugins]
  [plugins."io.containerd.grpc.v1.cri"]
    sandbox_image = "localhost/pause:1"
    [plugins."io.containerd.grpc.v1.cri".cni]
      bin_dir = "/usr/lib/cni"
      conf_dir = "/etc/cni/net.d"
  [plugins."io.containerd.internal.v1.opt"]
    path = "/var/lib/containerd/opt"
TOML
    systemctl restart containerd
}

@test "kubernetes/README.md: every block runs and prints what the page says" {
    plain_config
    # Where `make install` puts it, for a binary that came alone.
    mkdir -p /usr/local/share/doc/mayfly/kubernetes
    cp "$DOCS"/* /usr/local/share/doc/mayfly/kubernetes
    "$LIB/follow" "$DOCS/README.md" 3>&-
}

@test "the installer: a node gets the binary and the handler, and a pod runs with it" {
    local image=$BATS_FILE_TMPDIR/image
    mkdir -p "$image/root/usr/local/bin"
    cp -a /var/lib/mayfly-vm/root/. "$image"
    cp "$DOCS"/install "$DOCS"/*.toml "$DOCS"/crio.conf "$image"
    mv /usr/local/bin/mayfly "$image/root/usr/local/bin"
    [ ! -d /usr/local/libexec/mayfly ] || { mkdir "$image/root/usr/local/libexec" && mv /usr/local/libexec/mayfly "$image/root/usr/local/libexec"; }
    tar -C "$image" -c . >"$BATS_FILE_TMPDIR/image.tar"
    "$LIB/cri" image localhost/installer:1 "$BATS_FILE_TMPDIR/image.tar" \
        '{"Env": ["PATH=/bin:/sbin"], "Entrypoint": ["/bin/sh", "/install"]}' >"$BATS_FILE_TMPDIR/archive.tar"
    plain_config
    ctr -n k8s.io images import "$BATS_FILE_TMPDIR/archive.tar"
    echo none >"$BATS_FILE_TMPDIR/loop"
    cri_start
    HANDLER=runc pod installer '.linux.security_context |= (.privileged = true | .namespace_options = {pid: "NODE"})'
    container installer install '.image.image = "localhost/installer:1" | del(.command) | .envs = [{key: "SYSTEMD_CGROUP", value: "false"}] |
        .mounts = [{container_path: "/host", host_path: "/"}] |
        .linux.security_context |= {privileged: true, namespace_options: {pid: "NODE"}}'
    ready() { exec_sync install test -e /installed && [ "$status" -eq 0 ]; }
    eventually 90 ready || { echo "$output" && said install && return 1; }
    said install
    /usr/local/bin/mayfly --version
    equal "$(grep -c 'runtimes.mayfly\]' "$CONFIG")" 1
    answers() { try_call Status && [ "$status" -eq 0 ]; }
    eventually 60 answers

    # Once more: nothing changes.
    cp "$CONFIG" "$BATS_TEST_TMPDIR/installed"
    exec_sync install env ONCE=1 sh /install
    status_is 0
    matches 'mayfly is installed$'
    cmp "$CONFIG" "$BATS_TEST_TMPDIR/installed"

    HANDLER=mayfly pod one
    container one hello '' sh -c 'echo hello; cat /proc/self/cgroup'
    exited hello
    output=$(said hello)
    has hello 0::/
    drop_pod one
    drop_pod installer
    cri_stop
}
