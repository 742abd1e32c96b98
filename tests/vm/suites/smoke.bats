#!/usr/bin/env bats
# vm-runtimes: runc mayfly
# vm-needs: docker podman

# bats test_tags=quick
@test "docker runs" {
    run docker run --rm --runtime "$RUNTIME" busybox echo hi
    [ "$output" = hi ]
}
@test "podman runs" {
    run podman --runtime "$RUNTIME" run --rm --network none busybox echo hi
    echo "$output"
    [ "$output" = hi ]
}
@test "can fail" { echo reason; false; }
@test "skips" { skip "because"; }
