#include "scanner/survey/survey_private.h"

/* What the endpoints of a host or domain amount to: properties everywhere or somewhere, and words. */

/* --- properties ---------------------------------------------------------------------------------- */

void share_add(struct share *share, enum truth truth)
{
    share->numerator += truth == TRUTH_YES;
    share->denominator += truth != TRUTH_UNKNOWN;
    share->untested += truth == TRUTH_UNKNOWN;
}

/* A brief does not say which certificate passes without SNI, only whether there is a handshake. */
static enum truth brief_shows(enum property p, const struct endpoint_brief *e)
{
    if (p != PROPERTY_SNI_NEEDED) {
        return property_of(p, e);
    }
    bool fatal = e->outcome == OUTCOME_ESTABLISHED && e->sni == SNI_FATAL_WITHOUT;
    return fatal ? TRUTH_YES : TRUTH_UNKNOWN;
}

void evidence_add(struct evidence *seen, const struct endpoint_brief *e)
{
    for (enum property p = 0; p < PROPERTY_COUNT; p++) {
        if (!endpoint_is_special(e) || p == PROPERTY_REACHABLE) {
            enum truth truth = brief_shows(p, e);
            seen->yes[p] |= truth == TRUTH_YES;
            seen->no[p] |= truth == TRUTH_NO;
        }
    }
}

enum property survey_rollup_property(unsigned column)
{
    static const enum property of[ROLLUP_FACTS_COLUMN_COUNT] = {
        [ROLLUP_FACTS_REACHABLE] = PROPERTY_REACHABLE,
        [ROLLUP_FACTS_STARTTLS] = PROPERTY_STARTTLS,
        [ROLLUP_FACTS_ESTABLISHED] = PROPERTY_ESTABLISHED,
        [ROLLUP_FACTS_TLSV1_2_OR_NEWER] = PROPERTY_TLS1_2_OR_NEWER,
        [ROLLUP_FACTS_CHAIN_TRUSTED] = PROPERTY_CHAIN_TRUSTED,
        [ROLLUP_FACTS_NAME_MATCHES] = PROPERTY_NAME_MATCHES,
        [ROLLUP_FACTS_ACCEPTABLE] = PROPERTY_ACCEPTABLE,
        [ROLLUP_FACTS_SNI_NEEDED] = PROPERTY_SNI_NEEDED,
    };
    return of[column];
}

static enum rollup rollup_member(const struct facts *rollup, unsigned column)
{
    struct facts value;
    return rollup->object != NULL && facts_object(rollup, column, &value)
               ? (enum rollup)facts_enum(&value, ROLLUP_VALUE_VALUE, &rollup_vocabulary)
               : ROLLUP_UNKNOWN;
}

enum truth evidence_all(const struct evidence *seen, const struct facts *rollup, unsigned column)
{
    enum rollup r = rollup_member(rollup, column);
    if (r != ROLLUP_UNKNOWN) {
        return r == ROLLUP_ALL ? TRUTH_YES : TRUTH_NO;
    }
    return seen->no[survey_rollup_property(column)] ? TRUTH_NO : TRUTH_UNKNOWN;
}

enum truth evidence_some(const struct evidence *seen, const struct facts *rollup, unsigned column)
{
    enum rollup r = rollup_member(rollup, column);
    if (r != ROLLUP_UNKNOWN) {
        return r != ROLLUP_NONE ? TRUTH_YES : TRUTH_NO;
    }
    return seen->yes[survey_rollup_property(column)] ? TRUTH_YES : TRUTH_UNKNOWN;
}

/* --- words --------------------------------------------------------------------------------------- */

bool survey_word_is_untested(const char *word)
{
    static const char *const words[] = {"unknown", "not_tested", "local_fault", "not_asked",
                                        "interrupted"};
    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        if (strcmp(word, words[i]) == 0) {
            return true;
        }
    }
    return false;
}

/* Of STARTTLS one population with the property: of two sessions that disagree, neither has the word. */
static const char *spread_word(enum spread_id spread, const struct facts *brief,
                               const struct endpoint_brief *e)
{
    static const unsigned columns[SPREAD_COUNT] = {
        [SPREAD_OUTCOME] = BRIEF_OUTCOME,     [SPREAD_STARTTLS] = BRIEF_STARTTLS,
        [SPREAD_VERSION] = BRIEF_TLS_VERSION, [SPREAD_CHAIN] = BRIEF_CHAIN_STATUS,
        [SPREAD_NAME] = BRIEF_NAME_MATCH,
    };
    if (spread == SPREAD_STARTTLS && property_of(PROPERTY_STARTTLS, e) == TRUTH_UNKNOWN) {
        return NULL;
    }
    const char *word = facts_string(brief, columns[spread]);
    return word != NULL && !survey_word_is_untested(word) ? word : NULL;
}

/* An endpoint without a word: is that all that there is to find out? Without handshake there is no version, without
 * certificate no chain. A leaf without a verdict was not judged. */
static bool has_no_word(enum spread_id spread, const struct endpoint_brief *e)
{
    bool of_tls = spread == SPREAD_VERSION || spread == SPREAD_CHAIN || spread == SPREAD_NAME;
    return of_tls && (spread == SPREAD_VERSION || !endpoint_has_leaf(e)) &&
           property_of(PROPERTY_ESTABLISHED, e) != TRUTH_UNKNOWN;
}

void spreads_add(struct survey *s, struct spread_unit *unit, const struct facts *brief,
                 const struct endpoint_brief *e)
{
    if (endpoint_is_special(e)) {
        return; /* nobody can reach it: there is nothing to find out */
    }
    unit->any = true;
    for (enum spread_id i = 0; i < SPREAD_COUNT; i++) {
        const char *word = spread_word(i, brief, e);
        if (word == NULL) {
            unit->open[i] |= !has_no_word(i, e);
            continue;
        }
        uint32_t *counters = groups_of(&s->spread[i].words, span_of(word));
        survey_count_once(&counters[unit->weighting], &counters[WEIGHTING_COUNT], unit->stamp);
        unit->known[i] = true;
    }
}

void spreads_add_endpoint(struct survey *s, const struct facts *brief,
                          const struct endpoint_brief *e)
{
    for (enum spread_id i = 0; i < SPREAD_COUNT && !endpoint_is_special(e); i++) {
        const char *word = spread_word(i, brief, e);
        if (word != NULL) {
            groups_of(&s->spread[i].words, span_of(word))[WEIGHTING_ENDPOINT]++;
        }
        s->spread[i].known[WEIGHTING_ENDPOINT] += word != NULL;
        s->spread[i].unknown[WEIGHTING_ENDPOINT] += word == NULL && !has_no_word(i, e);
    }
}

void spreads_end_unit(struct survey *s, const struct spread_unit *unit, const struct facts *rollup)
{
    bool missing = !unit->any || rollup_member(rollup, ROLLUP_FACTS_ESTABLISHED) == ROLLUP_UNKNOWN;
    for (enum spread_id i = 0; i < SPREAD_COUNT; i++) {
        s->spread[i].known[unit->weighting] += unit->known[i];
        s->spread[i].unknown[unit->weighting] += !unit->known[i] && (unit->open[i] || missing);
    }
}
