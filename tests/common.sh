# SPDX-License-Identifier: Apache-2.0
# For ./try and tests/all: steps with a clock, Debian's packages, the build. Needs $top and $log_dir.
# shellcheck shell=bash disable=SC2154,SC2034

clock() { printf '%d:%02d' $((SECONDS / 60)) $((SECONDS % 60)); }
say() { printf '[%5s] %s\n' "$(clock)" "$*"; }
die() {
	say "$*" >&2
	exit 1
}

# make_log_dir: where steps keep what they print. Before anything else, so that a checkout which cannot be written says so.
make_log_dir() {
	if ! mkdir -p "$log_dir" 2>/dev/null || [[ ! -w $log_dir ]]; then
		die "cannot write to $log_dir, and all that is built goes there: clone mayfly to a place that can be written"
	fi
}

# step WHAT COMMAND…: run it with its output in a file, a dot for each five seconds; the end of that file when it fails.
step() {
	local what=$1 log=$log_dir/${1//[^A-Za-z0-9]/-}.log began=$SECONDS ticks=0 pid status=0

	shift
	printf '[%5s] %s ' "$(clock)" "$what"
	"$@" >"$log" 2>&1 </dev/null &
	pid=$!
	while kill -0 "$pid" 2>/dev/null; do
		sleep 0.2
		((++ticks % 25)) || printf .
	done
	wait "$pid" || status=$?
	if ((status == 0)); then
		printf ' done, %d s\n' $((SECONDS - began))
		return 0
	fi
	printf ' FAILED, %d s\n' $((SECONDS - began))
	tail -n 30 "$log" >&2
	say "the whole output is in $log" >&2
	return "$status"
}

is_installed() { [[ $(dpkg-query -W -f '${db:Status-Status}' "$1" 2>/dev/null) == installed ]]; }

apt_install() {
	export DEBIAN_FRONTEND=noninteractive

	apt-get -q -o Acquire::Retries=3 update &&
		apt-get -q -y -o Acquire::Retries=3 install --no-install-recommends "$@"
}

# install_packages NAME…: those that are missing, by apt-get.
install_packages() {
	local name missing=()

	for name; do
		is_installed "$name" || missing+=("$name")
	done
	if ((${#missing[@]} == 0)); then
		say "packages: all there"
		return 0
	fi
	say "packages from Debian: ${missing[*]}"
	((EUID == 0)) || die "installing them needs root: run this as root, or first: apt-get install ${missing[*]}"
	step "apt-get install" apt_install "${missing[@]}"
}

build_packages=(gcc libc6-dev linux-libc-dev make autoconf automake pkg-config
	libseccomp-dev libyajl-dev libmount-dev libsystemd-dev musl-tools)

configure_in() {
	local directory=$1

	shift
	mkdir -p "$directory" && cd "$directory" && "$top/configure" --quiet "$@"
}

# build DIRECTORY [CONFIGURE-OPTION…]
build() {
	local directory=$1 name

	name=$(basename "$directory")
	shift
	if [[ ! $top/configure -nt $top/configure.ac ]]; then
		step "autoreconf" autoreconf -fi "$top" || return 1
	fi
	# A developer's own build with other options is configured anew.
	if [[ ! -e $directory/Makefile || $(cat "$directory/.options" 2>/dev/null) != "options: $*" ]]; then
		step "configure $name" configure_in "$directory" "$@" || return 1
		echo "options: $*" >"$directory/.options"
	fi
	step "make $name" make -C "$directory" -j"$(nproc)"
}
