#pragma once

/**
 * The reply to EHLO, RFC 5321 section 4.1.1.1: the first line names the server, every other line
 * is a keyword with parameters.
 *
 *     250-mx.example greets you          the domain is "mx.example"; never a keyword
 *     250-SIZE 52428800                  keyword "SIZE"
 *     250 STARTTLS                       keyword "STARTTLS", RFC 3207 section 4
 *
 * STARTTLS is taken with blanks around it, with a parameter, and with "=" behind it, as Postfix takes it:
 * `forms` says what not every client reads.
 *
 * Keywords are whole words in any case (RFC 5321 section 2.4), yet some clients know only upper case.
 *
 * A masked keyword: Cisco PIX and ASA ("fixup smtp", "inspect esmtp") overwrite the keywords they
 * do not let pass with X of the same length, the PIX ends them with another letter to keep the
 * checksum of the segment: STARTTLS becomes XXXXXXXX or XXXXXXXA. CHUNKING has eight letters too,
 * so the word tells that something was hidden where STARTTLS could have stood, not what.
 */

#include "scanner/base/span.h"
#include "scanner/observation/seen_smtp.h"

/** What the lines of one reply showed. Zero-initialise; give it every line in order. */
struct ehlo_reading {
    size_t lines;
    bool starttls;
    bool starttls_upper; /* in upper case, at least once */
    bool masked;
    bool plain;     /* some line has STARTTLS as RFC 3207 section 4 writes it */
    uint16_t forms; /* bits by enum smtp_form, of the keyword, unless `plain` */
};

void ehlo_read_line(struct ehlo_reading *e, struct span line);

/** What a line holds behind its code, up to a NUL. */
struct span ehlo_line_text(struct span line);
/** Is there such a word in it, of letters and digits, in any case? */
bool ehlo_text_has_word(struct span text, struct span word);
/** The keyword of a line with its code ("250-SIZE 1" gives "SIZE"); empty when there is none. */
struct span ehlo_line_keyword(struct span line);
bool ehlo_is_masked_starttls(struct span keyword);
/** Does a line list STARTTLS? @param forms bits by enum smtp_form: how; KEYWORD_OTHER where it does not, and
 * begins with that word all the same */
bool ehlo_line_lists_starttls(struct span line, uint16_t *forms);

/** Does a line of the greeting hold the word ESMTP (RFC 5321 section 3.1)? */
bool greeting_says_esmtp(struct span line);

/** Is a line of the greeting all of 2, 0, "*" and blanks: what a PIX leaves of it, and an empty one? */
bool greeting_hides_itself(struct span line);

/** Of a recorded reply (lines with codes, joined by LF): the name the server calls itself, the
 * first word of the first line. Empty when there is none. */
struct span ehlo_domain(struct span text);
/** Is there such a keyword in a recorded reply? */
bool ehlo_has_keyword(struct span text, struct span keyword);

/** What clients may mind in a whole reply to EHLO or HELO beside its keywords: bits by enum smtp_form. A server
 * that greets with the client's name as well is so named, and repeats nothing. */
uint16_t ehlo_reply_forms(struct span text, uint16_t code, struct span greeting, struct span own);

/** Takes the first line off a recorded reply; false at its end. */
bool ehlo_next_line(struct span *text, struct span *line);
