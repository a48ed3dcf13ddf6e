/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef NISV_API_H
#define NISV_API_H

/*
 * Names that the daemon and nisvctl share: the socket, the varlink interface and its errors, the
 * exit codes. The methods and their fields are documented in daemon/edge/io.nisvd.Monitor.varlink.
 */

#define NISV_SOCKET_PATH "/run/nisvd/io.nisvd.Monitor"
#define NISV_INTERFACE	 "io.nisvd.Monitor"

/* Largest varlink message in either direction, terminating NUL included. A dossier is streamed. */
#define NISV_MESSAGE_MAX (16U * 1024 * 1024)

/* Most bytes of text that Decode is given: as JSON, where a byte may take two, it fits a call (1
 * MiB). */
#define NISV_DECODE_MAX (480U * 1024)

#define NISV_METHOD_GET_STATUS	  NISV_INTERFACE ".GetStatus"
#define NISV_METHOD_LIST_VMS	  NISV_INTERFACE ".ListVMs"
#define NISV_METHOD_GET_VM	  NISV_INTERFACE ".GetVM"
#define NISV_METHOD_GET_FAULT_MAP NISV_INTERFACE ".GetFaultMap"
#define NISV_METHOD_EXPLAIN	  NISV_INTERFACE ".Explain"
#define NISV_METHOD_VERIFY	  NISV_INTERFACE ".Verify"
#define NISV_METHOD_SUBSCRIBE	  NISV_INTERFACE ".Subscribe"
#define NISV_METHOD_GET_DOSSIER	  NISV_INTERFACE ".GetDossier"
#define NISV_METHOD_DECODE	  NISV_INTERFACE ".Decode"
#define NISV_METHOD_LIST_CAUSES	  NISV_INTERFACE ".ListCauses"

#define NISV_ERROR_NO_SUCH_VM	NISV_INTERFACE ".NoSuchVM"
#define NISV_ERROR_AMBIGUOUS_VM NISV_INTERFACE ".AmbiguousVM"
#define NISV_ERROR_BAD_INPUT	NISV_INTERFACE ".BadInput"
#define NISV_ERROR_BUSY		NISV_INTERFACE ".Busy"

/* org.varlink.service errors (varlink.org, Service Interface). */
#define VARLINK_ERROR_INTERFACE_NOT_FOUND    "org.varlink.service.InterfaceNotFound"
#define VARLINK_ERROR_METHOD_NOT_FOUND	     "org.varlink.service.MethodNotFound"
#define VARLINK_ERROR_METHOD_NOT_IMPLEMENTED "org.varlink.service.MethodNotImplemented"
#define VARLINK_ERROR_INVALID_PARAMETER	     "org.varlink.service.InvalidParameter"
#define VARLINK_ERROR_PERMISSION_DENIED	     "org.varlink.service.PermissionDenied"
#define VARLINK_ERROR_EXPECTED_MORE	     "org.varlink.service.ExpectedMore"

/* Exit status of nisvctl (design 6.5). */
enum nisv_exit {
	NISV_EXIT_OK = 0,
	NISV_EXIT_FAILURE = 1,
	NISV_EXIT_USAGE = 2,
	NISV_EXIT_NO_SUCH_VM = 3,
	NISV_EXIT_UNREACHABLE = 4,
	NISV_EXIT_FINDINGS = 5, /* only with --exit-code */
};

#endif
