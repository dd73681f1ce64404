#include "scanner/owners/known_messages.h"

#include "scanner/analysis/attempts.h"
#include "scanner/owners/certificate_groups.h"

/* Not at the first attempt, and the last one was lost too. */
static bool was_lost_again(const struct seen_session *attempts, size_t count)
{
    return count > 1 && attempt_end_of(&attempts[count - 1]) != ATTEMPT_ANSWERED;
}

void known_service_put(struct buf *out, const struct seen_service *s)
{
    struct buf session = BUF_INIT(BUF_NO_LIMIT);
    struct buf names = BUF_INIT(BUF_NO_LIMIT);
    if (s->result != NULL) {
        codec_put_session(&session, *s->result);
    }
    for (size_t i = 0; i < s->ptr.name_count; i++) {
        codec_put_flag(&names, s->ptr.forward_confirmed[i]);
        codec_put_span(&names, s->ptr.names[i]);
    }
    struct message_known_service m = {.address = s->address,
                                      .port = s->port,
                                      .chain = s->chain,
                                      .versions = seen_versions_pack(&s->versions),
                                      .ptr_state = (uint8_t)s->ptr.dns.state,
                                      .ptr_names = buf_span(&names),
                                      .session = buf_span(&session),
                                      .again = was_lost_again(s->attempts, s->attempt_count)};
    message_put_known_service(out, &m);
    buf_deinit(&session);
    buf_deinit(&names);
}

static enum known_turn known_turn_of(const struct seen_endpoint *e)
{
    if (e->result == NULL) {
        return KNOWN_NOT_TESTED;
    }
    return e->basis == BASIS_INFERRED ? KNOWN_INFERRED
           : e->session_from.len > 0  ? KNOWN_INHERITED
                                      : KNOWN_DIALLED;
}

void known_name_put(struct buf *out, const struct seen_endpoint *e, bool by_wildcard,
                    uint32_t block, struct span told)
{
    struct group_result result = group_result_of(e, by_wildcard);
    struct message_known_name m = {
        .block = block,
        .host = e->host,
        .address = e->address,
        .port = e->port,
        .turn = (uint8_t)known_turn_of(e),
        .outcome = result.facts.outcome,
        .starttls = result.facts.starttls,
        .again = was_lost_again(e->attempts, e->attempt_count),
        .has_chain = result.has_chain,
        .by_wildcard = result.by_wildcard,
        .tls_version = result.facts.tls_version,
        .chain_id = {result.facts.chain_id, sizeof(result.facts.chain_id)},
        .facts = result.facts.facts,
        .told = told,
    };
    if (e->result != NULL) {
        m.unanswered = attempt_end_of(e->result) != ATTEMPT_ANSWERED &&
                       outcome_info(e->result->outcome)->before_tls;
    }
    message_put_known_name(out, &m);
}

void known_speaker_put(struct buf *out, const struct seen_endpoint *e)
{
    struct buf attempts = BUF_INIT(BUF_NO_LIMIT);
    struct buf dane_sni = BUF_INIT(BUF_NO_LIMIT);
    struct buf tlsas = BUF_INIT(BUF_NO_LIMIT);
    size_t counts = e->attempt_count;
    for (size_t i = 0; i < e->attempt_count; i++) {
        counts = &e->attempts[i] == e->result ? i : counts;
        codec_put_session(&attempts, e->attempts[i]);
    }
    if (e->dane_sni != NULL) {
        codec_put_session(&dane_sni, *e->dane_sni);
    }
    for (size_t i = 0; i < e->tlsa_count; i++) {
        codec_put_tlsa(&tlsas, e->tlsas[i]);
    }
    struct message_known_speaker m = {.host = e->host,
                                      .address = e->address,
                                      .port = e->port,
                                      .attempt = (uint8_t)counts,
                                      .attempts = buf_span(&attempts),
                                      .repeated = e->repeated,
                                      .chain = e->chain,
                                      .issuers = e->chain.issuers,
                                      .dane_sni = buf_span(&dane_sni),
                                      .dane_sni_chain = e->dane_sni_chain,
                                      .tlsas = buf_span(&tlsas)};
    if (counts < e->attempt_count && counts <= UINT8_MAX) {
        message_put_known_speaker(out, &m);
    }
    buf_deinit(&attempts);
    buf_deinit(&dane_sni);
    buf_deinit(&tlsas);
}
