#pragma once

#include "scanner/flow/message.h"

/**
 * Messages that come from outside this process: a broker, a file. What message_get_NAME() trusts is looked at here, in the order of the
 * same field lists, before anybody reads it: that each field is there and nothing is behind the last one, that names are no longer than
 * DNS has them, and that numbers which stand for words, or count, are among those that there are. So is what owners trust of a line: its
 * name is in normal form, its fault is one of ours, and what is passed through is one JSON object without a line end.
 *
 * What depends on the scan (its ports, the blocks that are open) is for whoever hands it on: pipeline/member_bounds.h.
 */

#define MESSAGE_FOREIGN_MAX (8U << 20)          /* octets; as topics take */
#define MESSAGE_LINES_MAX   ((uint64_t)1 << 32) /* of a list: a bit of each is kept */
#define MESSAGE_EPOCHS_MAX \
    65535U /* of a seat: two octets of a fetch's number (pipeline/member_out.c) */

enum message_fault {
    MESSAGE_SOUND,
    MESSAGE_NO_HEADER,     /* too short for one, or its length is not that of the octets */
    MESSAGE_OTHER_VERSION, /* of this program */
    MESSAGE_UNKNOWN_KIND,  /* or one that does not leave a process */
    MESSAGE_BAD_FIELD,
};

/** A word for people. */
const char *message_fault_text(enum message_fault f);
/** Is `octets` one message that may be read by message_get_NAME()? @param kind, body as of message_next(), where it is sound */
enum message_fault message_check(struct span octets, enum message_kind *kind, struct span *body);
