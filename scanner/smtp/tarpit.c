#include "scanner/smtp/tarpit.h"

#include "scanner/smtp/ehlo.h"

/* spamd(8) waits a second after each octet. Our own bounds: within a line TCP makes one or two pauses. */
#define PAUSE_MS   20
#define PAUSES_MIN 10

void tarpit_note_greeting(struct tarpit_signs *t, struct span line)
{
    struct span text = ehlo_line_text(line);
    struct span host = ehlo_line_keyword(line); /* the first word */
    if (host.len > 0) {
        text = span_drop(text, (size_t)(host.at - text.at) + host.len);
        t->says_so |= ehlo_text_has_word(text, SPAN_LIT("spamd"));
    }
}

void tarpit_note_reply(struct tarpit_signs *t, struct span line)
{
    struct span says = SPAN_LIT("Hello, spam sender.");
    t->says_so |= span_eq(span_take(ehlo_line_text(line), says.len), says);
}

void tarpit_note_pace(struct tarpit_signs *t, bool in_line, int32_t ms)
{
    t->pauses += t->in_line && ms - t->piece_ms >= PAUSE_MS;
    t->piece_ms = ms;
    t->in_line = in_line;
}

bool tarpit_is_one(const struct tarpit_signs *t, size_t lines)
{
    return lines == 1 && (t->says_so || t->pauses >= PAUSES_MIN);
}
