/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef NISVD_TEST_LACKING_H
#define NISVD_TEST_LACKING_H

/* BTF of this kernel, but for one member of one structure: what a kernel of another layout has. */

/*
 * Writes it to a file of its own, whose path is @path (a mkstemp() template). The member is there
 * under another name, as it is when a kernel renames it. Fails the test where this kernel lacks it.
 */
void btf_without(const char *type, const char *member, char *path);

#endif
