#pragma once

/**
 * SMTP replies, RFC 5321 section 4.2.
 *
 * A reply is one or more lines "250-text CRLF", the last one "250 text CRLF". The parser takes
 * octets as the network delivers them and collects the lines in a buffer of the caller, one
 * after the other, each followed by LF. It hands out every line when it is complete, so that
 * nothing is overlooked in the part of a long reply that is not kept:
 *
 *     switch (reply_feed(&p, &in)) {            // moves `in` past what it used
 *     case REPLY_MORE: return;                  // the rest is still on the way
 *     case REPLY_LINE: look_at(p.line); break;  // one line, more will follow
 *     case REPLY_DONE: look_at(p.line); use(p.code, reply_text(&p)); break;
 *     case REPLY_BAD:  note(p.line); break;     // a whole line that is none of a reply
 *     case REPLY_OVER: note(p.line); break;     // over a bound; the parser is spent
 *     }
 *
 * Tolerated: a bare LF as the end of a line, several CRs before it (section 2.3.8 forbids both to the
 * sender), "250" without text, and different codes within one reply, where the last line counts:
 * section 4.2.1 lets a client ignore all lines before it. A line is read up to a NUL. So do the
 * clients of Postfix and Exim, for which a line is a C string without the white space at its end.
 */

#include "scanner/base/buf.h"

#define REPLY_LINE_LIMIT 512   /* octets, CRLF included: RFC 5321 section 4.5.3.1.5 */
#define REPLY_LINE_MAX   2048  /* octets, CRLF included: what we bear; our own bound */
#define REPLY_TEXT_MAX   4096  /* octets of one reply that are kept, whole lines; our own bound */
#define REPLY_OCTETS_MAX 65536 /* octets of one reply, kept or not; our own bound */

enum reply_status {
    REPLY_MORE, /* in the middle of a line; all of the input is used */
    REPLY_LINE, /* `line` is complete and is not the last one */
    REPLY_DONE, /* `line` was the last one: code and text are ready */
    REPLY_BAD, /* `line` is complete and none of a reply, perhaps empty; feeding goes on behind it */
    REPLY_OVER, /* the line or the reply is over its bound */
};

struct reply_parser {
    struct buf *text;    /* borrowed; holds the lines of this reply behind what it held before */
    size_t start;        /* where this reply begins in `text` */
    size_t line_start;   /* where the line being collected begins; behind the last kept line */
    size_t octets;       /* of this reply so far */
    size_t line_octets;  /* of the line so far */
    uint16_t first;      /* code of the first line that had one, 200..599; 0 before */
    uint16_t code;       /* of the last line that had one */
    bool truncated;      /* lines of this reply are not kept */
    bool line_too_long;  /* some line was over REPLY_LINE_LIMIT */
    bool cr_cr_lf;       /* some line had more than one CR before LF */
    bool nul;            /* some line had a NUL */
    bool codes_differ;   /* of its lines */
    bool classes_differ; /* and the first digit of them */
    struct span
        line; /* the complete line with its code, without its CRs and LF; valid until the next
                       * call */
};

/** Starts a reply at the end of `text`, whose limit must leave room for the bounds above. */
void reply_start(struct reply_parser *p, struct buf *text);

/** Takes octets from the front of `*in`, at most up to the end of one line. */
enum reply_status reply_feed(struct reply_parser *p, struct span *in);

/** The lines kept so far, with their codes, joined by LF. */
struct span reply_text(const struct reply_parser *p);

/** The octets of the line that is not complete yet. */
struct span reply_partial(const struct reply_parser *p);

/** Could `partial` grow into a line of a reply? True for no octets at all. */
bool reply_is_prefix(struct span partial);

/** The code that a line begins with: three digits, then a space, a hyphen or the end; else 0. */
uint16_t reply_line_code(struct span line);

/** Does a line that is none of a reply say that this will never be SMTP: what another protocol begins
 * with, or a code that no reply has? Any other such line may be noise before or within a reply. */
bool reply_line_is_foreign(struct span line);
