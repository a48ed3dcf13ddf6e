# SPDX-License-Identifier: GPL-2.0-or-later
# bash completion for nisvctl(1)

# Asks the same nisvd that the command line is about.
__nisvctl_ask() {
	local i
	local -a where=()

	for ((i = 1; i < COMP_CWORD; i++)); do
		case ${COMP_WORDS[i]} in
		-H | --host | --socket | --file)
			where+=("${COMP_WORDS[i]}" "${COMP_WORDS[i + 1]}")
			;;
		esac
	done
	nisvctl "${where[@]}" "$@" -q --no-legend 2>/dev/null
}

_nisvctl() {
	local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD - 1]}
	local verbs='list show map explain verify events history decode status export'
	local options='-a --all -f --follow --since --until -n --lines -r --reverse --directory --merge --cause --kind
		--redact --symbols --list-causes -v --verbose -H --host --socket --file --bridge --json -j --no-pager
		--no-legend -q --quiet --exit-code -h --help --version'
	local kinds='nisv exec walk beyond-ipa backing emulation memory-fault ldst64b mmio-read mmio-write'
	local verb='' causes='' n=0 i

	# readline breaks words at "=": --json=short comes as three.
	if [[ $cur == '=' ]]; then
		prev='='
		cur=''
		i=$((COMP_CWORD - 1))
	else
		i=$((COMP_CWORD - 2))
	fi
	if [[ $prev == '=' ]]; then
		[[ ${COMP_WORDS[i]} == --json ]] &&
			mapfile -t COMPREPLY < <(compgen -W 'pretty short off' -- "$cur")
		return
	fi
	case $prev in
	-H | --host)
		mapfile -t COMPREPLY < <(compgen -A hostname -- "$cur")
		return
		;;
	--directory)
		compopt -o filenames
		mapfile -t COMPREPLY < <(compgen -d -- "$cur")
		return
		;;
	--cause)
		mapfile -t COMPREPLY < <(compgen -W "$(__nisvctl_ask explain --list-causes)" -- "$cur")
		return
		;;
	--kind)
		mapfile -t COMPREPLY < <(compgen -W "$kinds" -- "$cur")
		return
		;;
	--since | --until)
		mapfile -t COMPREPLY < <(compgen -W 'now today yesterday' -- "$cur")
		return
		;;
	-n | --lines)
		return
		;;
	--socket | --file | --symbols)
		compopt -o filenames
		mapfile -t COMPREPLY < <(compgen -f -- "$cur")
		return
		;;
	esac
	if [[ $cur == -* ]]; then
		mapfile -t COMPREPLY < <(compgen -W "$options" -- "$cur")
		return
	fi
	for ((i = 1; i < COMP_CWORD; i++)); do
		case ${COMP_WORDS[i]} in
		-H | --host | --socket | --file | --symbols | --since | --until | -n | --lines | --directory | --cause | --kind)
			i=$((i + 1))
			;;
		--list-causes)
			causes=yes
			;;
		-* | = | pretty | short | off) ;;
		*)
			if [[ $verb ]]; then
				n=$((n + 1))
			else
				verb=${COMP_WORDS[i]}
			fi
			;;
		esac
	done
	case $verb$causes,$n in
	,*)
		mapfile -t COMPREPLY < <(compgen -W "$verbs" -- "$cur")
		;;
	explainyes,0)
		mapfile -t COMPREPLY < <(compgen -W "$(__nisvctl_ask explain --list-causes)" -- "$cur")
		;;
	show,0 | map,0 | explain,0 | verify,0 | events,0 | history,0 | export,0)
		# Line by line: a name may have spaces.
		local vm
		COMPREPLY=()
		while IFS= read -r vm; do
			[[ $vm == "$cur"* ]] && COMPREPLY+=("$(printf '%q' "$vm")")
		done < <(__nisvctl_ask list)
		;;
	esac
}

complete -F _nisvctl nisvctl
