/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One access with an instruction that the CPU describes (ISV = 1): plain MMIO where no slot is. */
#include "asm.h"

	GUEST "ldr", \
		"ldr w1, [x0]; at the last bytes of a slot it straddles the end", \
		vectors=guest_vectors_stop, addr=HOLE
	ldr	w1, [x0]
	DONE
	END

	GUEST "str", "str w1, [x0]", vectors=guest_vectors_stop, addr=HOLE
	str	w1, [x0]
	DONE
	END

	GUEST "ldrb", "ldrb w1, [x0]", vectors=guest_vectors_stop, addr=HOLE
	ldrb	w1, [x0]
	DONE
	END

	GUEST "ldrsb", "ldrsb x1, [x0]", vectors=guest_vectors_stop, addr=HOLE
	ldrsb	x1, [x0]
	DONE
	END

	GUEST "ldtr", "ldtr w1, [x0]", vectors=guest_vectors_stop, addr=HOLE
	ldtr	w1, [x0]
	DONE
	END

	GUEST "ldar", "ldar w1, [x0]", vectors=guest_vectors_stop, addr=HOLE
	ldar	w1, [x0]
	DONE
	END
