#pragma once

/**
 * Signs of a tarpit, such as OpenBSD's spamd(8): it keeps unknown clients busy, and what it says of
 * extensions is not what the mail server behind it offers to those it lets pass.
 *
 * A server is one that lists nothing at all in reply to EHLO, and that either says so (in the greeting
 * behind its host name, or in the text of that reply, which spamd's user cannot change) or
 * stuttered: its greeting came an octet or two at a time, with pauses in the midst of lines. A slow
 * greeting is no such sign, nor are pauses between lines, as against clients that talk early;
 * and a short list is met in honest servers too.
 */

#include "scanner/base/span.h"

struct tarpit_signs {
    bool says_so;
    bool in_line;     /* the last piece of the greeting ended in a line */
    int32_t piece_ms; /* when it came */
    uint32_t pauses;  /* within lines of the greeting */
};

void tarpit_note_greeting(struct tarpit_signs *t, struct span line);
void tarpit_note_reply(struct tarpit_signs *t, struct span line);
/** After each piece of the greeting. @param in_line its line is not complete yet
 * @param ms never less than before */
void tarpit_note_pace(struct tarpit_signs *t, bool in_line, int32_t ms);
/** @param lines of the reply to EHLO */
bool tarpit_is_one(const struct tarpit_signs *t, size_t lines);
