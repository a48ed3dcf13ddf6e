# SPDX-License-Identifier: GPL-2.0-or-later
# bash completion for nisvctl(1)

# Splits what was typed as the shell would, where readline also breaks words at = and :. The caller has
# words (without quotes, the last one is what is being completed), raw (that one, as typed) and quote (the
# one that is open in it).
__nisvctl_split() {
	local line=${COMP_LINE:0:COMP_POINT} word='' c i

	words=()
	raw='' quote=''
	for ((i = 0; i < ${#line}; i++)); do
		c=${line:i:1}
		raw+=$c
		if [[ $c == \\ && $quote != "'" ]]; then
			i=$((i + 1))
			word+=${line:i:1}
			raw+=${line:i:1}
		elif [[ $quote && $c == "$quote" ]]; then
			quote=''
		elif [[ ! $quote && $c == [\"\'] ]]; then
			quote=$c
		elif [[ ! $quote && $c == [[:blank:]] ]]; then
			[[ ${#raw} -gt 1 ]] && words+=("$word")
			word='' raw=''
		else
			word+=$c
		fi
	done
	words+=("$word")
}

# Those of the words on standard input, one a line, that begin with $1, quoted as what was typed is, and
# without what readline took for a word of its own before them. $2: goes before each of them.
__nisvctl_offer() {
	local candidate done='' before=${2-}

	# Within quotes nothing breaks a word, and they are not part of it.
	[[ $quote ]] || done=${raw%"${raw##*[:=]}"}
	while IFS= read -r candidate; do
		[[ $candidate == "$1"* ]] || continue
		case $quote in
		\') candidate=${candidate//\'/"'\\''"} ;;
		\") candidate=$(printf '%s' "$candidate" | sed 's/[\\"$`]/\\&/g') ;;
		*) candidate=$(printf '%q' "$candidate") ;;
		esac
		candidate=$before$candidate
		COMPREPLY+=("${candidate#"$done"}")
	done
}

# Asks the same nisvd that the command line is about.
__nisvctl_ask() {
	nisvctl "${where[@]}" "$@" -q --no-legend 2>/dev/null
}

# The options that only a verb takes.
__nisvctl_options() {
	case $1 in
	list) echo '-a --all' ;;
	top) echo '-d --delay -n --lines' ;;
	explain) echo '--symbols --list-causes -v --verbose' ;;
	verify | decode) echo '-v --verbose' ;;
	events) echo '-f --follow' ;;
	history) echo '--since --until -n --lines -r --reverse --directory --merge --cause --kind' ;;
	metrics) echo '-o --output' ;;
	export) echo '--redact' ;;
	esac
}

# The value of an option: true if it has one. $1: the option, $2: the value as far as it was typed, $3: what
# stands before it in the same word.
__nisvctl_value() {
	local kinds='nisv exec walk beyond-ipa backing emulation memory-fault ldst64b mmio-read mmio-write'

	case $1 in
	--json)
		[[ $3 ]] || return 1
		__nisvctl_offer "$2" "$3" < <(printf '%s\n' pretty short off)
		;;
	-H | --host)
		__nisvctl_offer "$2" "$3" < <(compgen -A hostname -- "$2")
		;;
	--socket | --file | --symbols | -o | --output)
		compopt -o filenames 2>/dev/null
		mapfile -t COMPREPLY < <(compgen -f -- "$2")
		;;
	--directory)
		compopt -o filenames 2>/dev/null
		mapfile -t COMPREPLY < <(compgen -d -- "$2")
		;;
	--cause)
		__nisvctl_offer "$2" "$3" < <(__nisvctl_ask explain --list-causes)
		;;
	--kind)
		__nisvctl_offer "$2" "$3" < <(tr ' ' '\n' <<<"$kinds")
		;;
	--since | --until)
		__nisvctl_offer "$2" "$3" < <(printf '%s\n' now today yesterday)
		;;
	-d | --delay | -n | --lines) ;;
	*)
		return 1
		;;
	esac
}

_nisvctl() {
	local verbs='list top show map explain verify events history decode status metrics export'
	local options='-H --host --socket --file --bridge --json -j --no-pager --no-legend -q --quiet --exit-code
		-h --help --version'
	local -a words where=()
	local raw quote cur verb='' causes='' n=0 i

	COMPREPLY=()
	__nisvctl_split
	cur=${words[-1]}
	for ((i = 1; i < ${#words[@]} - 1; i++)); do
		case ${words[i]} in
		-H | --host | --socket | --file)
			where+=("${words[i]}" "${words[i + 1]}")
			i=$((i + 1))
			;;
		--host=* | --socket=* | --file=*)
			where+=("${words[i]}")
			;;
		--symbols | -d | --delay | -n | --lines | -o | --output | --since | --until | --directory | --cause | --kind)
			i=$((i + 1))
			;;
		--list-causes)
			causes=yes
			;;
		-*) ;;
		*)
			if [[ $verb ]]; then
				n=$((n + 1))
			else
				verb=${words[i]}
			fi
			;;
		esac
	done
	# The loop went past the last word where it is the value of an option.
	if [[ $i -eq ${#words[@]} ]]; then
		__nisvctl_value "${words[-2]}" "$cur" ''
		return
	fi
	if [[ $cur == --*=* ]]; then
		__nisvctl_value "${cur%%=*}" "${cur#*=}" "${cur%%=*}="
		return
	fi
	if [[ $cur == -* ]]; then
		for i in ${verb:-$verbs}; do
			options+=" $(__nisvctl_options "$i")"
		done
		__nisvctl_offer "$cur" < <(tr -s '[:space:]' '\n' <<<"$options")
		return
	fi
	case $verb$causes,$n in
	,*)
		__nisvctl_offer "$cur" < <(tr ' ' '\n' <<<"$verbs")
		;;
	explainyes,0)
		__nisvctl_offer "$cur" < <(__nisvctl_ask explain --list-causes)
		;;
	show,0 | map,0 | explain,0 | verify,0 | events,0 | history,0 | export,0)
		__nisvctl_offer "$cur" < <(__nisvctl_ask list)
		;;
	esac
}

complete -F _nisvctl nisvctl
