/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef NISVD_API_EDGE_H
#define NISVD_API_EDGE_H

/*
 * The methods of io.nisvd.Monitor: questions in, JSON out. Nothing here changes state, except that
 * an answer is preceded by taking what capture has ready, so that it is exact.
 */

#include "daemon/edge/varlink.h"

/* Serve it with struct manager as userdata. */
extern const struct varlink_interface api_interface;
extern const struct varlink_info api_info;

#endif
