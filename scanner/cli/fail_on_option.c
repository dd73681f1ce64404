#include "scanner/cli/option_readers.h"

/* A severity, or what happens to mail. A domain without mail has nothing to fail on. */
static bool is_effect(struct span text, unsigned *effect)
{
    return vocabulary_find(&effect_vocabulary, text, effect) && *effect != EFFECT_NONE &&
           *effect != EFFECT_NO_MAIL;
}

void option_put_severities(struct buf *b, const char *between)
{
    for (unsigned s = SEVERITY_COUNT; s > 0; s--) {
        buf_putf(b, "%s%s", severity_word((enum severity)(s - 1)), s > 1 ? between : "");
    }
}

void option_put_effects(struct buf *b, const char *between)
{
    for (unsigned e = EFFECT_NONE + 1; e < EFFECT_NO_MAIL; e++) {
        buf_putf(b, "%s%s", e > EFFECT_NONE + 1 ? between : "", effect_word((enum effect)e));
    }
}

bool option_read_fail_on(struct options *o, const struct option_row *row, const char *text,
                         struct buf *why)
{
    unsigned severity = SEVERITY_ERROR;
    unsigned effect = EFFECT_NONE;
    (void)row;
    o->fails = vocabulary_find(&severity_vocabulary, span_of(text), &severity);
    bool known = o->fails || is_effect(span_of(text), &effect);
    o->fail_on = (enum severity)severity;
    o->fail_on_effect = known && !o->fails ? (enum effect)effect : EFFECT_NONE;
    if (!known) {
        buf_putf(why, "'%s' is no severity (", text);
        option_put_severities(why, ", ");
        buf_put_text(why, ") and no effect (");
        option_put_effects(why, ", ");
        buf_put_char(why, ')');
    }
    return known;
}
