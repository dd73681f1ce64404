#include "scanner/observation/seen_target.h"
#include "scanner/view/report.h"

/* What became of the session with one address. */

static void put_tls(struct paper *p, const struct route_view *r)
{
    const char *cipher = facts_string(&r->handshake, HANDSHAKE_FACTS_CIPHER);
    const char *group = facts_string(&r->handshake, HANDSHAKE_FACTS_GROUP);
    paper_put(p, INK_GOOD, "encrypted");
    paper_putf(p, INK_PLAIN, ": %s", facts_string_or(&r->brief, BRIEF_TLS_VERSION, "TLS"));
    if (cipher != NULL) {
        paper_putf(p, INK_PLAIN, ", %s", cipher);
    }
    if (group != NULL) {
        paper_putf(p, INK_PLAIN, ", %s", group);
    }
}

static void put_not_tested(struct paper *p, const struct route_view *r)
{
    enum not_tested_reason reason = facts_enum(&r->brief, BRIEF_NOT_TESTED, &not_tested_vocabulary);
    paper_put(p, INK_FAINT, "not tested");
    paper_put(p, INK_PLAIN, ": ");
    if (reason != NOT_TESTED_NONE) {
        meaning_put(p, INK_PLAIN, &not_tested_vocabulary, reason);
    } else {
        paper_put(p, INK_PLAIN, "no reason given");
    }
}

void route_put_outcome(struct paper *p, const struct route_view *r)
{
    if (r->outcome == OUTCOME_ESTABLISHED) {
        put_tls(p, r);
        return;
    }
    if (r->outcome == OUTCOME_NOT_TESTED) {
        put_not_tested(p, r);
        return;
    }
    paper_put(p, INK_ERROR, outcome_word(r->outcome));
    paper_put(p, INK_PLAIN, ": ");
    meaning_put(p, INK_PLAIN, &outcome_vocabulary, r->outcome);
    const char *alert = facts_string(&r->handshake, HANDSHAKE_FACTS_ALERT_RECEIVED);
    const char *error = facts_string(&r->handshake, HANDSHAKE_FACTS_ERROR_TEXT);
    if (alert != NULL) {
        paper_putf(p, INK_PLAIN, " (alert %s)", alert);
    } else if (error != NULL) {
        paper_putf(p, INK_PLAIN, " (%s)", error);
    }
}
