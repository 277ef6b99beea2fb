#!/bin/sh
# Installs Fingerpost as a service on Raspberry Pi OS 12/13 or Ubuntu 22.04/24.04. May be run again at any time.
set -eu

here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
root=${DESTDIR:-}
package=$(dirname -- "$here")
wheels=
python=python3
with_package=yes
start=yes
dry_run=no
jetson=auto
local_network=no
kiosk=no
extras=
known=$(tr '\n' ' ' <"$here/extras")

usage() {
	cat <<-END
		Usage: install.sh [OPTIONS]
		  --root DIR        install into the system below DIR (an image, a package); nothing is started there
		  --package PATH    what pip installs: a wheel or the source folder (default: the folder above this script)
		  --wheels DIR      take every Python package from DIR, no network
		  --python PYTHON   the Python that runs it (default: python3; 3.10 or newer)
		  --without-package install user, unit and folders only; /opt/fingerpost is somebody else's business
		  --with EXTRAS     also install what these need, parted by commas: $known
		  --local-network   let this machine's browser reach the kiosk's page
		  --kiosk           serve the page and show it on this machine's screen (needs cage, seatd and chromium);
		                    implies --with kiosk and --local-network
		  --jetson          open the unit for the GPU (default: when this is a Jetson)
		  --no-start        do not enable or start the service
		  --dry-run         say what would be done
	END
}

fail() {
	printf 'install.sh: %s\n' "$1" >&2
	exit 1
}

while [ $# -gt 0 ]; do
	case $1 in
	--root | --package | --wheels | --python | --with)
		[ $# -ge 2 ] || fail "$1 needs a value; see install.sh --help"
		case $1 in
		--root) root=$2 ;;
		--package) package=$2 ;;
		--wheels) wheels=$2 ;;
		--python) python=$2 ;;
		--with) extras=$2 ;;
		esac
		shift
		;;
	--without-package) with_package=no ;;
	--local-network) local_network=yes ;;
	--kiosk)
		kiosk=yes
		local_network=yes
		;;
	--jetson) jetson=yes ;;
	--no-start) start=no ;;
	--dry-run) dry_run=yes ;;
	-h | --help)
		usage
		exit 0
		;;
	*) fail "unknown option $1; see install.sh --help" ;;
	esac
	shift
done

root=${root%/}
[ -z "$root" ] || start=no
[ "$kiosk" = no ] || extras=${extras:+$extras,}kiosk
for extra in $(printf %s "$extras" | tr , ' '); do
	case " $known" in
	*" $extra "*) ;;
	*) fail "unknown extra $extra; there are: $known" ;;
	esac
done
[ "$jetson" != auto ] || { [ -e "$root/etc/nv_tegra_release" ] && jetson=yes || jetson=no; }

do_it() {
	printf '%s\n' "$*"
	[ "$dry_run" = yes ] || "$@"
}

put() { # put MODE FILE TARGET
	if [ -f "$root$3" ] && cmp -s "$2" "$root$3"; then
		return
	fi
	do_it install -D -m "$1" "$2" "$root$3"
}

take() { # take TARGET: no longer wanted
	if [ -f "$root$1" ]; then
		do_it rm -f "$root$1"
	fi
}

drop_in() { # drop_in WANTED FILE
	if [ "$1" = yes ]; then
		put 644 "$here/$2" "/etc/systemd/system/fingerpost.service.d/$2"
	else
		take "/etc/systemd/system/fingerpost.service.d/$2"
	fi
}

if [ -z "$root" ] && [ "$dry_run" = no ]; then
	[ "$(id -u)" = 0 ] || fail 'must be run as root: sudo systemd/install.sh'
	command -v systemctl >/dev/null || fail 'this system has no systemd'
fi

if [ "$with_package" = yes ]; then
	command -v "$python" >/dev/null || fail "no $python on this system: apt install python3 python3-venv"
	"$python" -c 'import sys; sys.exit(sys.version_info < (3, 10))' ||
		fail "$python is $("$python" -V 2>&1); 3.10 or newer is needed: name another with --python"
	"$python" -c 'import ensurepip, venv' 2>/dev/null || fail 'Python lacks venv: apt install python3-venv'
	[ -e "$package" ] || fail "no package at $package"
	[ -z "$wheels" ] || [ -d "$wheels" ] || fail "no folder $wheels"
	venv=$root/opt/fingerpost
	# An environment whose Python is gone (a distribution upgrade) is made anew.
	if [ ! -x "$venv/bin/python" ] || ! "$venv/bin/python" -c '' 2>/dev/null; then
		# A Jetson's TensorRT is the system's: it comes with JetPack and from nowhere else.
		if [ "$jetson" = yes ]; then
			do_it "$python" -m venv --clear --system-site-packages "$venv"
		else
			do_it "$python" -m venv --clear "$venv"
		fi
	fi
	[ "$jetson" != yes ] || extras=${extras:+$extras,}jetson
	what=$package${extras:+[$extras]}
	if [ -n "$wheels" ]; then
		do_it "$venv/bin/python" -m pip install --quiet --upgrade --no-index --find-links "$wheels" "$what"
	else
		do_it "$venv/bin/python" -m pip install --quiet --upgrade "$what"
	fi
fi

put 644 "$here/fingerpost.sysusers" /usr/lib/sysusers.d/fingerpost.conf
put 644 "$here/fingerpost.tmpfiles" /usr/lib/tmpfiles.d/fingerpost.conf
put 644 "$here/fingerpost.rules" /etc/udev/rules.d/71-fingerpost.rules
put 644 "$here/fingerpost.service" /etc/systemd/system/fingerpost.service
put 755 "$here/fingerpost" /usr/local/bin/fingerpost
drop_in "$jetson" jetson.conf
drop_in "$local_network" local-network.conf
drop_in "$kiosk" kiosk.conf
if [ "$kiosk" = yes ]; then
	put 644 "$here/fingerpost-kiosk.sysusers" /usr/lib/sysusers.d/fingerpost-kiosk.conf
	put 644 "$here/fingerpost-kiosk.service" /etc/systemd/system/fingerpost-kiosk.service
else
	take /usr/lib/sysusers.d/fingerpost-kiosk.conf
	if [ -z "$root" ] && [ -f /etc/systemd/system/fingerpost-kiosk.service ]; then
		do_it systemctl disable --quiet --now fingerpost-kiosk.service
	fi
	take /etc/systemd/system/fingerpost-kiosk.service
fi
[ -e "$root/etc/fingerpost/fingerpost.conf" ] || put 644 "$here/fingerpost.conf" /etc/fingerpost/fingerpost.conf
for folder in /etc/fingerpost/keys /var/lib/fingerpost; do
	[ -d "$root$folder" ] || do_it install -d -m 755 "$root$folder"
done

if [ -z "$root" ]; then
	do_it systemd-sysusers /usr/lib/sysusers.d/fingerpost.conf
	[ "$kiosk" = no ] || do_it systemd-sysusers /usr/lib/sysusers.d/fingerpost-kiosk.conf
	do_it chown -R fingerpost:fingerpost /var/lib/fingerpost
	do_it systemctl daemon-reload
fi
if [ "$start" = yes ]; then
	do_it systemctl enable --quiet fingerpost.service
	if [ -L /var/lib/fingerpost/active ]; then
		do_it systemctl restart fingerpost.service
	else
		echo 'No bundle yet. Next: fingerpost install FILE.bundle, then systemctl start fingerpost'
	fi
	if [ "$kiosk" = yes ]; then
		for program in cage seatd chromium; do
			command -v "$program" >/dev/null || echo "The kiosk needs $program: apt install $program"
		done
		do_it systemctl enable --quiet fingerpost-kiosk.service
		do_it systemctl restart --no-block fingerpost-kiosk.service
	fi
fi
