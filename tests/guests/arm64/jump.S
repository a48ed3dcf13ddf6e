/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Fetches from where nothing is. KVM injects the abort: none of these exits to user space. */
#include "asm.h"

	GUEST "ifetch", "br x0", vectors=guest_vectors_stop, addr=HOLE
	br	x0
	END

	GUEST "jump", \
		"br x0 without vectors: then it fetches from VBAR_EL1 + 0x200 for ever", \
		addr=HOLE
	br	x0
	END

	GUEST "jump-loop", \
		"br x0, x1 times: the abort handler returns to the loop", \
		vectors=guest_vectors_return, addr=HOLE
1:	adr	x30, 2f
	br	x0
2:	subs	x1, x1, #1
	b.ne	1b
	DONE
	END

	GUEST "wfi", "sleep until something ends the VM"
1:	wfi
	b	1b
	END
