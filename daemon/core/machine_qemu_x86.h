/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef NISVD_MACHINE_QEMU_X86_H
#define NISVD_MACHINE_QEMU_X86_H

/* What machine_qemu_x86.c (q35, pc) and machine_qemu_microvm.c share. */

#include "daemon/core/machine.h"

/* Of something that is there only if asked for, and of something that is there unless refused:
 * whether it is there; UNSET where the command line is not known. */
enum vmoption qemu_x86_only_if_on(const struct vmoptions *options, enum vmoption option);
enum vmoption qemu_x86_unless_off(const struct vmoptions *options, enum vmoption option);

/* The row of microvm, see struct machine_kind. */
double qemu_microvm_likeness(const struct machine_facts *facts);
void qemu_microvm_compute(const struct machine_facts *facts, struct machine *machine);

#endif
