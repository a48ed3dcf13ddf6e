#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# --help, the man page, the completions, the interface text and the code name the same things.
# shellcheck disable=SC2317,SC2016 # functions are called by check; $ of jq filters

# shellcheck source=tests/cli/common
. "$(dirname "$0")/common"

man=man/nisvctl.1.scd
bash_completion=cli/completion/nisvctl.bash
zsh_completion=cli/completion/_nisvctl
interface=daemon/edge/io.nisvd.Monitor.varlink
help=$(LC_ALL=C.UTF-8 "$build/nisvctl" --help) || exit 1

same() {
	diff <(printf '%s\n' "$1" | sort -u) <(printf '%s\n' "$2" | sort -u) && [[ $1 ]]
}

# ---- verbs and options ------------------------------------------------------------------------

help_verbs=$(sed -n '/^Verbs/,/^$/s/^  \([a-z]\{1,\}\).*/\1/p' <<<"$help")
man_verbs=$(sed -n '/^# VERBS/,/^# OPTIONS/s/^\*\([a-z]*\)\*.*/\1/p' "$man")
bash_verbs=$(sed -n "s/.*local verbs='\(.*\)'/\1/p" "$bash_completion" | tr ' ' '\n')
zsh_verbs=$(sed -n "s/^\t\t'\([a-z]*\):.*/\1/p" "$zsh_completion")
check 'verbs: --help and man page' same "$help_verbs" "$man_verbs"
check 'verbs: --help and bash' same "$help_verbs" "$bash_verbs"
check 'verbs: --help and zsh' same "$help_verbs" "$zsh_verbs"

# At the start of a line only: help texts mention options, too.
help_options=$(sed -n '/^Options of verbs/,$p' <<<"$help" |
	sed -nE 's/^  (-[a-zA-Z])(, .*)?$/\1 \2/p; s/^  (-[a-zA-Z])([, ].*)$/\1 \2/p; s/^      (--[a-z-]+).*/\1/p' |
	grep -oE -- '(^|[ ,])--?[a-zA-Z][a-z-]*' | tr -d ' ,')
man_options=$(sed -n '/^# OPTIONS/,/^# ENV/p' "$man" | grep -E '^\*-' | grep -oE '\*--?[a-zA-Z][a-z-]*\*' | tr -d '*')
# One list of options is for all verbs, the others for one each.
bash_options=$({
	sed -n "/local options=/,/'$/p" "$bash_completion"
	sed -n '/^__nisvctl_options/,/^}/p' "$bash_completion"
} | tr "\t'" '  ' | grep -oE -- ' --?[a-zA-Z][a-z-]*' | tr -d ' ')
zsh_options=$(sed -n '/^_nisvctl()/,$p' "$zsh_completion" | grep -E "^[[:space:]]+'[(-]" |
	sed "s/'([^)]*)'/ /; s/'([^)]*)/'/; s/\[.*//; s/=-$//" | grep -oE -- '--?[a-zA-Z][a-z-]*')
check 'options: --help and man page' same "$help_options" "$man_options"
check 'options: --help and bash' same "$help_options" "$bash_options"
check 'options: --help and zsh' same "$help_options" "$zsh_options"

# Which verb takes which option only nisvctl knows: bash must offer no other.
# shellcheck source=cli/completion/nisvctl.bash
. "$bash_completion"
verb_options=$(sed -n '/^Options of verbs/,/^$/p' <<<"$help" | grep -oE '^ .{5}--[a-z-]+' | grep -oE -- '--.*')
offers_what_is_taken() {
	local verb option taken offered bad=0
	for verb in $help_verbs; do
		for option in $verb_options; do
			taken=yes offered=yes
			"$build/nisvctl" --socket /nonexistent "$verb" x x x "$option" 1 2>&1 | grep -q 'has no option' && taken=no
			[[ " $(__nisvctl_options "$verb") " == *" $option "* ]] || offered=no
			[[ $taken == "$offered" ]] || {
				echo "$verb $option: taken $taken, offered $offered"
				bad=1
			}
		done
	done
	return "$bad"
}
check 'options: those of each verb and bash' offers_what_is_taken

# ---- form ---------------------------------------------------------------------------------------

fits() {
	! grep -nE '.{80}' <<<"$help"
}
check '--help fits 80 columns' fits
check 'bash completion parses' bash -n "$bash_completion"
if command -v zsh >/dev/null; then
	check 'zsh completion parses' zsh -n "$zsh_completion"
fi

# ---- contracts ----------------------------------------------------------------------------------

header_names() {
	grep -oE "#define NISV_$1_[A-Z_]+[[:space:]]+NISV_INTERFACE \"\.[A-Za-z]+\"" include/nisv_api.h |
		sed 's/.*"\.\(.*\)"/\1/'
}
check 'methods: nisv_api.h and interface' same "$(header_names METHOD)" \
	"$(sed -n 's/^method \([A-Za-z]*\).*/\1/p' "$interface")"
check 'errors: nisv_api.h and interface' same "$(header_names ERROR)" \
	"$(sed -n 's/^error \([A-Za-z]*\).*/\1/p' "$interface")"
check 'exit status: nisv_api.h and man page' same \
	"$(grep -oE 'NISV_EXIT_[A-Z_]+ = [0-9]' include/nisv_api.h | sed 's/.* //')" \
	"$(sed -n '/^# EXIT STATUS/,/^# EX/s/^\*\([0-9]*\)\*.*/\1/p' "$man")"

check 'terms: --verbose and man page' same "$(sed -nE 's/^\t\{\{"([^"]+)".*/\1/p' cli/glossary.c)" \
	"$(sed -n '/^# TERMS/,/^# SEE/s/^\*\([^*]*\)\*$/\1/p' "$man")"

# A member that nisvctl reads and the interface does not have would read as empty for ever.
members=$(grep -ohE '"?[a-z_0-9]+: [][?a-zA-Z(]|^  [a-z_0-9]+:' "$interface" | grep -oE '[a-z_0-9]+' | sort -u)
# Those of cli/metrics.h are nisvctl's own.
metrics_members='metrics samples labels type unit help'
unknown() {
	# shellcheck disable=SC2086 # words
	comm -13 <(printf '%s\n' "$members" continues error parameters $metrics_members | sort -u) \
		<(find cli -name '*.c' ! -name '*history*' -exec \
			grep -ohE 'reply_[a-z]+\([^"]*, "[a-z_0-9]+"\)' {} + |
			grep -oE '"[a-z_0-9]+"' | tr -d '"' | sort -u) | grep . && return 1
	return 0
}
check 'nisvctl reads only members of the interface' unknown
check 'socket path: nisv_api.h and man page' grep -qF \
	"$(sed -n 's/#define NISV_SOCKET_PATH "\(.*\)"/\1/p' include/nisv_api.h)" "$man"

# ---- the daemon -----------------------------------------------------------------------------------

daemon_help=$("$build/nisvd" --help) || exit 1
daemon_man=man/nisvd.8.scd
check 'nisvd options: --help and man page' same \
	"$(sed -nE 's/^ +(-[a-z], )?(--[a-z-]+).*/\2/p' <<<"$daemon_help")" \
	"$(sed -n '/^The options are/,/^## /p' "$daemon_man" | grep -E '^\*-' | grep -oE '\*--[a-z-]+\*' | tr -d '*')"
check 'nisvd exit status: man page and what its unit does not restart' same \
	"$(sed -n '/^# EXIT STATUS/,/^# COST/s/^\*\([0-9]*\)\*$/\1/p' "$daemon_man" | grep -vx '[01]')" \
	"$(sed -n 's/^RestartPreventExitStatus=//p' systemd/nisvd.service.in | tr ' ' '\n')"
check 'nisvd exit status: man page and code' same \
	"$(sed -n '/^# EXIT STATUS/,/^# COST/s/^\*\([0-9]*\)\*$/\1/p' "$daemon_man")" \
	"$(sed -n '/^enum exit_status/,/^};/p' daemon/main.c | cc -E -P -include sysexits.h -x c - |
		grep -oE '= [0-9]+' | tr -d '= ')"
# The page that is kept is the one that the rules make: "make" makes it anew.
causes_man=man/nisv-causes.7.scd
causes=$("$build/nisvctl" --socket /nonexistent explain --list-causes --json=short) || exit 1
check 'causes: rule table and man page' diff "$causes_man" <("$build/man/causes" <"$causes_man.in")
check 'causes: --list-causes and man page, in the same order' diff <(jq -r '.causes[].id' <<<"$causes") \
	<(sed -n '/^# CAUSES/,$s/^## //p' "$causes_man")
check 'causes: each once' test "$(jq '.causes | length' <<<"$causes")" -eq \
	"$(jq '[.causes[].id] | unique | length' <<<"$causes")"
check 'causes: nothing is empty' jq -e '.causes | length > 50 and all(.id and (.found | length > 0) and
	([.what, .known_by, .example, .documentation] | all(. != "")) and (.advice | length > 0) and
	all(.advice[]; .text != "" and (.source | test(", .")) and has("whose")) and
	(.architecture | IN(null, "arm64", "x86_64")) and (.found - ["fault", "map", "overlay"] == []))' <<<"$causes"
check 'causes: the less exact ones are causes, too' jq -e '[.causes[].id] as $ids |
	[.causes[].general[]] | length > 0 and all(IN($ids[]))' <<<"$causes"
check 'kinds: interface, man page' same \
	"$(awk '/^type Aborts/,/^\)/' "$interface" | sed -nE 's/^  ([a-z0-9_]+): int,?$/\1/p' | tr _ -)" \
	"$(sed -n '/^## What is captured/,/^## What becomes/s/^\*\([a-z0-9-]*\)\*$/\1/p' "$daemon_man")"
check 'configuration keys: code and shipped file' same \
	"$(sed -nE 's/^\t\{"[A-Z][a-z]+", "([A-Za-z]+)".*/\1/p' daemon/edge/config.c)" \
	"$(grep -oE '^#[A-Z][A-Za-z]+=' systemd/nisvd.conf | tr -d '#=')"
check 'configuration keys: code and man page' same \
	"$(sed -nE 's/^\t\{"[A-Z][a-z]+", "([A-Za-z]+)".*/\1/p' daemon/edge/config.c)" \
	"$(sed -nE 's/^\*([A-Za-z]+)\*=.*/\1/p' man/nisvd.conf.5.scd)"
check 'message ids: code and catalog' same \
	"$(grep -oE '"[0-9a-f]{32}"' include/nisv_journal.h | tr -d '"')" \
	"$(sed -nE 's/^-- ([0-9a-f]{32})$/\1/p' systemd/nisvd.catalog)"
fields_exist() {
	comm -23 <(grep -oE '@NISV_[A-Z_]+@' systemd/nisvd.catalog | tr -d @ | sort -u) \
		<(sed -nE 's/^#define NISV_FIELD_[A-Z_]+[[:space:]]+"(NISV_[A-Z_]+)".*/\1/p' \
			include/nisv_journal.h | sort -u) | grep . && return 1
	return 0
}
check 'history: every field that entries have' same \
	"$(grep -oE '^#define NISV_FIELD_[A-Z_]+' include/nisv_journal.h | sed 's/.* //' | grep -v _PEER_)" \
	"$(grep -oE 'NISV_FIELD_[A-Z_]+' cli/history_entry.c)"
check 'history: every message about a VM' same "$(grep -oE 'NISV_MSGID_[A-Z]+' include/nisv_journal.h | grep -v REFUSED)" \
	"$(grep -oE 'NISV_MSGID_[A-Z]+' cli/history_entry.c cli/history_journal.c | sed 's/.*://')"
kinds() {
	sed -nE "s/.*(kinds='|:kind:\()([a-z0-9 -]+).*/\2/p" "$1" | tr ' ' '\n'
}
check 'kinds: bash and history --kind' same "$(kinds "$bash_completion")" \
	"$("$build/nisvctl" history --kind '' 2>&1 | sed 's/.*the kinds are //; s/, */\n/g')"
check 'kinds: bash and zsh' same "$(kinds "$bash_completion")" "$(kinds "$zsh_completion")"
check 'kinds: bash and interface' same "$(kinds "$bash_completion")" \
	"$(sed -nE '/^type Site/,/^\)/s/^  # (nisv, exec.*)/\1/p' "$interface" | tr -d , | tr ' ' '\n')"
check 'the catalog names only fields that entries have' fields_exist

finish
