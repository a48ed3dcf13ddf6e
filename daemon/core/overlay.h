/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef NISVD_OVERLAY_H
#define NISVD_OVERLAY_H

/* What is said of a finding beside its cause: that the guest goes nowhere, that a compiler made the
 * instruction. */

#include "daemon/core/diagnose.h"
#include "daemon/core/scene.h"

/* Aborts that repeat so that the guest does nothing else: see diagnose.h, SEVERITY_HANG. */
bool overlay_is_livelock(const struct site *site);

/* Fills in ->overlays and ->n_overlays of @finding, whose first site is @scene's. */
void overlay_find(const struct scene *scene, struct finding *finding);

#endif
