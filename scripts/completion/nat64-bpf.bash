# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# Completion of verbs, options, values, instances and interfaces. The words are compared with the program by
# scripts/check options.

# Prints a name if it is harmless: compgen -W expands its words, and Linux allows an interface x$(id).
_nat64_bpf_word() {
	[[ $1 =~ ^[A-Za-z0-9_.][A-Za-z0-9_.@-]*$ ]] && printf '%s\n' "$1"
}

# Names that may stand for an instance: config files, what is loaded, interfaces.
_nat64_bpf_names() {
	local name

	for name in "${NAT64_BPF_CONF_DIR:-/etc/nat64-bpf}"/*.conf; do
		name=${name##*/}
		_nat64_bpf_word "${name%.conf}"
	done
	for name in "${NAT64_BPF_PIN_DIR:-/sys/fs/bpf/nat64-bpf}"/*/; do
		name=${name%/}
		name=${name##*/}
		_nat64_bpf_word "${name//:/.}"
	done
	_nat64_bpf_interfaces
}

_nat64_bpf_interfaces() {
	local name

	for name in /sys/class/net/*/; do
		name=${name%/}
		name=${name##*/}
		[ "$name" = lo ] || _nat64_bpf_word "$name"
	done
}

# Files, with the current word of the caller.
_nat64_bpf_files() {
	mapfile -t COMPREPLY < <(compgen -f -- "$current")
	compopt -o filenames 2> /dev/null		# not when called by hand
}

# What follows an option: words, or one of the kinds @file, @interface, @none (anything).
_nat64_bpf_values() {
	case $1 in
	--mapping)			echo dynamic linear ;;
	--private | --host | --hairpin)	echo deny allow ;;
	--udp-zero-checksum)		echo compute drop forward ;;
	--icmp-errors | --echo-errors | --guard)	echo on off ;;
	--tos-64)			echo copy ;;
	--tos-46)			echo copy zero ;;
	--mss-clamp)			echo auto off ;;
	--mtu)				echo auto ;;
	--nat44)			echo masquerade snat none ;;
	--fastpath)			echo auto off ;;
	--xdp)				echo off auto native generic ;;
	--prefix)			echo 64:ff9b::/96 ;;
	--interface | --wan)		echo auto @interface ;;
	--state | --log)		echo @file ;;
	--proto)			echo tcp udp icmp ;;
	--clients | --pool | --own4 | --own6 | --static | --min-lease | --max-lease | --quota | \
	--quota-length | --wait | --at | --from | --to | --sport | --dport | --size)
					echo @none ;;
	esac
}

_nat64_bpf() {
	local current=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD - 1]}
	local global="-j --json -q --quiet -v --verbose --no-color -h --help -V --version"
	local verbs="load unload run status map stats doctor monitor check try import-tayga help version"
	local load="--interface --clients --prefix --pool --own4 --own6 --static --mapping --private --host --hairpin
		--min-lease --max-lease --quota --quota-length --udp-zero-checksum --icmp-errors --echo-errors --tos-64 --tos-46
		--mss-clamp --mtu --nat44 --guard --fastpath --wan --xdp --state --log --dry-run --replace"
	local verb="" action="" count=0 word i values options=""

	COMPREPLY=()
	values=$(_nat64_bpf_values "$previous")
	if [ -n "$values" ]; then
		case " $values " in
		*" @file "*)	_nat64_bpf_files ;;
		*" @none "*)	;;
		*)	values=${values/@interface/$(_nat64_bpf_interfaces)}
			mapfile -t COMPREPLY < <(compgen -W "$values" -- "$current") ;;
		esac
		return
	fi

	# The verb, and how many words follow it before the current one.
	for ((i = 1; i < COMP_CWORD; i++)); do
		word=${COMP_WORDS[i]}
		if [ -n "$(_nat64_bpf_values "$word")" ]; then
			i=$((i + 1))
		elif [[ $word == -* ]]; then
			continue
		elif [ -z "$verb" ]; then
			verb=$word
		elif [ "$verb" = map ] && [ -z "$action" ]; then
			action=$word
		else
			count=$((count + 1))
		fi
	done

	case "$verb $action" in
	" ")		if [[ $current != -* ]]; then
				mapfile -t COMPREPLY < <(compgen -W "$verbs" -- "$current")
				return
			fi ;;
	"load ")	options="$load --wait" ;;
	"run ")		options="--unload" ;;
	"map add" | "map import")
			options="--replace --dry-run" ;;
	"map lookup")	options="--at" ;;
	"map del" | "map flush")
			options="--dry-run" ;;
	"check ")	options="${load/--dry-run --replace/}" ;;
	"doctor ")	options="--no-dns" ;;
	"try ")		options="--from --to --proto --sport --dport --size" ;;
	"import-tayga ") options="--dry-run" ;;
	"unload ")	options="--all --dry-run" ;;
	"status ")	options="--watch" ;;
	"stats ")	options="--explain --openmetrics" ;;
	esac
	if [[ $current == -* ]]; then
		mapfile -t COMPREPLY < <(compgen -W "$options $global" -- "$current")
		return
	fi

	case "$verb $action $count" in
	"map  0")	mapfile -t COMPREPLY < <(compgen -W "list lookup add del flush export import" -- "$current") ;;
	"help  0")	mapfile -t COMPREPLY < <(compgen -W "$verbs" -- "$current") ;;
	"map export 1" | "map import 1" | "import-tayga  0")
			_nat64_bpf_files ;;
	"map "*" 0" | "load  0" | "run  0" | "unload  0" | "status  0" | "stats  0" | "check  0" | "try  0" | "monitor  0" | \
	"doctor  0")
			if [[ $current == */* ]]; then
				_nat64_bpf_files
			else
				mapfile -t COMPREPLY < <(compgen -W "$(_nat64_bpf_names)" -- "$current")
			fi ;;
	esac
}

complete -F _nat64_bpf nat64-bpf
