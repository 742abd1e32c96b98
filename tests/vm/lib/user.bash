# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# Podman as an ordinary user, in place of engine.bash's. $PLACE says where the user's commands run:
#   session    with a bus to the user's systemd, which lends cgroups; Podman's own default, the systemd driver
#   cgroupfs   there too, with cgroups made by files
#   bare       neither bus nor a cgroup of the user's own: cron, su, a CI job

PERSON=tester
PERSON_HOME=/home/$PERSON
PERSON_RUN=/run/user/$(id -u "$PERSON")
DRIVER_OPTION=cgroupfs
case $PLACE in
session) DRIVER_OPTION=systemd ;;
# Podman finds the bus in $XDG_RUNTIME_DIR, and it keeps images and containers of another such directory apart.
bare) PERSON_HOME+=/bare PERSON_RUN=$PERSON_HOME/run ;;
esac
PERSON_ENV=(env -i "HOME=$PERSON_HOME" "USER=$PERSON" "PATH=$PATH" "XDG_RUNTIME_DIR=$PERSON_RUN")
[ "$PLACE" = bare ] || PERSON_ENV+=("DBUS_SESSION_BUS_ADDRESS=unix:path=$PERSON_RUN/bus")
PERSON_ENV=(setpriv --reuid "$PERSON" --regid "$PERSON" --init-groups "${PERSON_ENV[@]}")

as_person() { (cd "$PERSON_HOME" && exec "${PERSON_ENV[@]}" "$@" 3>&-); }

person_setup() {
    if [ "$PLACE" = bare ]; then
        install -d -o "$PERSON" -g "$PERSON" -m 700 "$PERSON_HOME" "$PERSON_RUN"
    else
        loginctl enable-linger "$PERSON"
        eventually 60 test -S "$PERSON_RUN/bus"
    fi
    chmod 755 /var/lib/mayfly-vm
    as_person podman image exists busybox || as_person podman import - busybox </var/lib/mayfly-vm/root.tar >/dev/null 2>&1
}

engine() { as_person podman --runtime "$RUNTIME" --cgroup-manager "$DRIVER_OPTION" "$@"; }
remove() { engine rm -f -t 0 "$@" >/dev/null; }
on_tty() {
    local options=()
    while [ "$1" != -- ]; do
        options+=("$1")
        shift
    done
    shift
    (cd "$PERSON_HOME" && exec "$LIB/pty" "${options[@]}" -- \
        "${PERSON_ENV[@]}" podman --runtime "$RUNTIME" --cgroup-manager "$DRIVER_OPTION" "$@" 3>&-)
}

# What containers leave when they are not cleared away.
traces() {
    find /sys/fs/cgroup -mindepth 1 -type d -regextype egrep \( -name 'libpod-*' -o -regex '.*/[0-9a-f]{64}' \) \
        ! -name 'libpod-conmon-*' 2>/dev/null || true
    find "$PERSON_RUN"/{runc,crun,mayfly} -mindepth 1 -maxdepth 1 -type d ! -name '.*' 2>/dev/null || true
    as_person podman unshare cut -d ' ' -f 5 /proc/self/mountinfo | grep '/merged$' || true
    pgrep -a -u "$PERSON" conmon || true
}
