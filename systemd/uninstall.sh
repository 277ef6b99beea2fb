#!/bin/sh
# Removes what install.sh made. Bundles, settings and keys stay, unless --purge. May be run again at any time.
set -eu

root=${DESTDIR:-}
purge=no
dry_run=no

while [ $# -gt 0 ]; do
	case $1 in
	--root)
		[ $# -ge 2 ] || { echo 'uninstall.sh: --root needs a value' >&2 && exit 1; }
		root=$2
		shift
		;;
	--purge) purge=yes ;;
	--dry-run) dry_run=yes ;;
	-h | --help)
		echo 'Usage: uninstall.sh [--root DIR] [--purge] [--dry-run]'
		echo '  --purge   also remove bundles, settings, keys and the user'
		exit 0
		;;
	*)
		printf 'uninstall.sh: unknown option %s; see uninstall.sh --help\n' "$1" >&2
		exit 1
		;;
	esac
	shift
done

root=${root%/}

do_it() {
	printf '%s\n' "$*"
	[ "$dry_run" = yes ] || "$@"
}

gone() {
	if [ -e "$root$1" ] || [ -L "$root$1" ]; then
		do_it rm -rf -- "$root$1"
	fi
}

if [ -z "$root" ] && [ "$dry_run" = no ] && [ "$(id -u)" != 0 ]; then
	echo 'uninstall.sh: must be run as root: sudo systemd/uninstall.sh' >&2
	exit 1
fi

for unit in fingerpost-kiosk.service fingerpost.service; do
	if [ -z "$root" ] && [ -e "/etc/systemd/system/$unit" ]; then
		do_it systemctl disable --quiet --now "$unit"
	fi
	gone "/etc/systemd/system/$unit"
	gone "/etc/systemd/system/$unit.d"
done
gone /usr/lib/sysusers.d/fingerpost.conf
gone /usr/lib/sysusers.d/fingerpost-kiosk.conf
gone /usr/lib/tmpfiles.d/fingerpost.conf
gone /etc/udev/rules.d/71-fingerpost.rules
gone /usr/local/bin/fingerpost
gone /opt/fingerpost
if [ "$purge" = yes ]; then
	gone /etc/fingerpost
	gone /var/lib/fingerpost
fi
if [ -z "$root" ]; then
	do_it systemctl daemon-reload
	for user in fingerpost-kiosk fingerpost; do
		if [ "$purge" = yes ] && id "$user" >/dev/null 2>&1; then
			do_it userdel "$user"
		fi
	done
fi
