/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef NISV_JOURNAL_H
#define NISV_JOURNAL_H

/*
 * The journal entries of nisvd: one MESSAGE_ID per kind of message (each has an entry in
 * systemd/nisvd.catalog) and the names of its fields. sd_journal_sendv(3).
 */

/* a new finding about a VM */
#define NISV_MSGID_FINDING "3a9c1f0be27d4c58a1d6f34be0927c15"
/* a known fault now ends otherwise, or the VMM's answer to it was seen */
#define NISV_MSGID_OUTCOME "b7e5420d91f84e3c8c06d2a97f1b63e8"
/* a new finding about a VM that rests on its MMIO, which is no fault */
#define NISV_MSGID_MMIO "e06d3abb54be4d0d9f6034ab12506fff"
/* a finding repeats: at its 1,000th fault, and at each ten times as many */
#define NISV_MSGID_STORM "5cd81e7fa3b6402e9b17c08d54ea2f96"

/* entries about a VM that EntriesPerMinute= held back, summed up when the minute is over */
#define NISV_MSGID_WITHHELD "90fbd2c8a34e4c6fb1f6b6ad5d0b7a43"

/* a user who may not ask nisvd has tried: told by nisvd, or by nisvctl where the kernel refused */
#define NISV_MSGID_REFUSED "14c5800029c94d3098b8eb0e5e244c1b"

#define NISV_FIELD_VM	      "NISV_VM"
#define NISV_FIELD_VM_KEY     "NISV_VM_KEY"
#define NISV_FIELD_VM_NAME    "NISV_VM_NAME"
#define NISV_FIELD_VM_UUID    "NISV_VM_UUID"
#define NISV_FIELD_VMM	      "NISV_VMM"
#define NISV_FIELD_KIND	      "NISV_KIND"
#define NISV_FIELD_IPA	      "NISV_IPA"
#define NISV_FIELD_PC	      "NISV_PC"
#define NISV_FIELD_ESR	      "NISV_ESR"
#define NISV_FIELD_INSN	      "NISV_INSTRUCTION"
#define NISV_FIELD_CAUSE      "NISV_CAUSE"
#define NISV_FIELD_OVERLAY    "NISV_OVERLAY" /* one field for each */
#define NISV_FIELD_SEVERITY   "NISV_SEVERITY"
#define NISV_FIELD_CONFIDENCE "NISV_CONFIDENCE"
#define NISV_FIELD_SIGNATURE  "NISV_SIGNATURE"
#define NISV_FIELD_SYMPTOM    "NISV_SYMPTOM"
#define NISV_FIELD_ERRNO      "NISV_ERRNO"
#define NISV_FIELD_CGROUP     "NISV_CGROUP"
#define NISV_FIELD_UNIT	      "NISV_UNIT"
#define NISV_FIELD_OUTCOME    "NISV_OUTCOME"
#define NISV_FIELD_VMM_ANSWER "NISV_VMM_ANSWER" /* where one was seen */
#define NISV_FIELD_COUNT      "NISV_COUNT"
#define NISV_FIELD_SINCE_LAST "NISV_COUNT_SINCE" /* of these, since the last entry about it */
#define NISV_FIELD_WITHHELD   "NISV_WITHHELD"	 /* how many entries */
#define NISV_FIELD_DOSSIER    "NISV_DOSSIER"

/* Of a refusal: who asked, as the kernel tells nisvd. */
#define NISV_FIELD_PEER_UID  "NISV_PEER_UID"
#define NISV_FIELD_PEER_GID  "NISV_PEER_GID"
#define NISV_FIELD_PEER_PID  "NISV_PEER_PID"
#define NISV_FIELD_PEER_COMM "NISV_PEER_COMM"

#endif
