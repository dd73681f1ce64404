#include "scanner/flow/message_check.h"

#include <jansson.h>

#include "scanner/base/check.h"
#include "scanner/domain/domain_name.h"
#include "scanner/domain/domain_source.h"

#define HEADER_LEN           8
#define NAME_MAX_OCTETS      (DNS_NAME_TEXT_MAX - 1)
#define BRIEFS_MAX           (HOST_ADDRESSES_MAX * 2 * 4) /* addresses of both families, ports of a scan */
#define PIECES_MAX           4096
#define MEMBER_NAME_MAX      64
#define FILE_NAME_OCTETS     255
#define SHA256_LEN           32
#define SPEAKER_SESSIONS_MAX 8               /* as a visit has */
#define UNIX_MS_MAX          253402300799999 /* of the year 9999 */

/* --- fields --------------------------------------------------------------------------------- */

/* ok_TYPE() takes a value off the front, like codec_get_TYPE(). @return false: it is not there, or not what it may be */
static bool take_octets(struct span *in, size_t len, struct span *out)
{
    if (in->len < len) {
        return false;
    }
    *out = codec_take(in, len);
    return true;
}

/* An octet of a flag is 0 or 1. Of these types, only bool holds no 2. Some are of no message that leaves a process. */
#define X(type, c_type)                                            \
    __attribute__((unused)) static bool ok_##type(struct span *in) \
    {                                                              \
        struct span octets;                                        \
        return take_octets(in, sizeof(c_type), &octets) &&         \
               ((c_type)2 != (c_type)1 || octets.at[0] <= 1);      \
    }
CODEC_INTEGERS(X)
#undef X

static bool ok_span(struct span *in)
{
    struct span count;
    struct span octets;
    struct span ahead = *in;
    if (!take_octets(in, sizeof(uint32_t), &count)) {
        return false;
    }
    return take_octets(in, codec_get_count(&ahead), &octets);
}

static bool ok_rest(struct span *in)
{
    *in = (struct span){0};
    return true;
}

static bool ok_name(struct span *in)
{
    struct span len;
    struct span octets;
    return take_octets(in, 1, &len) && take_octets(in, len.at[0], &octets);
}

static bool is_plain_address(const struct net_addr *a)
{
    static const uint8_t none[sizeof(a->octets)];
    size_t len = net_addr_len(a);
    return (a->family == 0 || len > 0) && memcmp(a->octets + len, none, sizeof(none) - len) == 0;
}

static bool ok_addr(struct span *in)
{
    struct span octets;
    if (!take_octets(in, sizeof(struct net_addr), &octets)) {
        return false;
    }
    struct net_addr a = codec_get_addr(&octets);
    return is_plain_address(&a);
}

static inline bool ok_octets(struct span *in, size_t len)
{
    struct span octets;
    return take_octets(in, len, &octets);
}

#define OK(type, name) &&ok_##type(in)

/* Of a struct that may leave the process: its fields, then what they say. */
#define X(NAME, type, c_type)                              \
    static bool hold_##type(struct span *in)               \
    {                                                      \
        return true FIELDS_##NAME(OK, OK_ARRAY_OF_##NAME); \
    }
#define OK_ARRAY_OF_VERDICT(name)
#define OK_ARRAY_OF_LEAF_KEY(name)
#define OK_ARRAY_OF_FACTS(name)
#define OK_ARRAY_OF_TLSA(name)
#define OK_ARRAY_OF_DNS(name)
#define OK_ARRAY_OF_REPLY(name)
#define OK_ARRAY_OF_SMTP(name)
#define OK_ARRAY_OF_HELLO(name)
#define OK_ARRAY_OF_SESSION(name)
#define OK_ARRAY_OF_BRIEF(name) &&ok_octets(in, sizeof(((struct endpoint_brief *)NULL)->name))
#define OK_ARRAY_OF_TLS(name)   &&ok_octets(in, sizeof(((struct seen_tls *)NULL)->name))

static bool ok_word(struct span *in)
{
    return ok_octets(in, 1);
}

static bool ok_leaf_key(struct span *in);
static bool ok_facts(struct span *in);
static bool ok_verdict(struct span *in);
static bool ok_reply(struct span *in);
static bool ok_smtp(struct span *in);
static bool ok_tls(struct span *in);
static bool ok_hello(struct span *in);

X(LEAF_KEY, leaf_key, struct leaf_key)
X(FACTS, facts, struct sender_facts)
X(VERDICT, verdict, struct chain_brief)
X(TLSA, tlsa, struct seen_tlsa)
X(BRIEF, brief, struct endpoint_brief)
X(DNS, dns, struct seen_dns)
X(REPLY, reply, struct seen_reply)
X(SMTP, smtp, struct seen_smtp)
X(TLS, tls, struct seen_tls)
X(HELLO, hello, struct seen_hello)
X(SESSION, session, struct seen_session)
#undef X

static bool ok_leaf_key(struct span *in)
{
    struct span ahead = *in;
    return hold_leaf_key(in) && codec_get_leaf_key(&ahead).kind < LEAF_KEY_KIND_COUNT;
}

static bool ok_facts(struct span *in)
{
    return hold_facts(in);
}

static bool ok_verdict(struct span *in)
{
    struct span ahead = *in;
    return hold_verdict(in) && codec_get_verdict(&ahead).status < CHAIN_STATUS_COUNT;
}

static bool are_two_bits(uint8_t truths)
{
    for (unsigned i = 0; i < 8; i += 2) {
        if (((unsigned)truths >> i & 3U) > TRUTH_YES) {
            return false;
        }
    }
    return true;
}

static bool ok_brief(struct span *in)
{
    struct span ahead = *in;
    if (!hold_brief(in)) {
        return false;
    }
    struct endpoint_brief b = codec_get_brief(&ahead);
    return b.outcome < OUTCOME_COUNT && b.no_sni_outcome < OUTCOME_COUNT &&
           b.not_tested < not_tested_vocabulary.count && b.starttls < starttls_vocabulary.count &&
           b.no_sni_starttls < starttls_vocabulary.count && b.basis < BASIS_COUNT &&
           b.mapped <= 1 && b.inherited <= 1 && b.ptr_is_host <= TRUTH_YES &&
           are_two_bits(b.versions) && b.operator_source < operator_source_vocabulary.count &&
           b.name_match < NAME_MATCH_COUNT && b.no_sni_name_match < NAME_MATCH_COUNT &&
           b.sni < sni_class_vocabulary.count &&
           b.sni_acceptable < sni_acceptable_vocabulary.count && b.dane < DANE_STATUS_COUNT;
}

static bool ok_host_result(struct span *in)
{
    struct span ahead = *in;
    if (!(true FIELDS_HOST_RESULT(OK))) {
        return false;
    }
    struct host_result r = codec_get_host_result(&ahead);
    bool ok = r.a_state < DNS_STATE_COUNT && r.aaaa_state < DNS_STATE_COUNT &&
              r.dane_host < DANE_HOST_COUNT && r.tlsa_at < TLSA_PLACE_COUNT &&
              r.endpoint_count <= BRIEFS_MAX;
    for (unsigned i = 0; i < r.endpoint_count && ok; i++) {
        ok = ok_brief(&r.endpoints);
    }
    return ok && r.endpoints.len == 0;
}

static bool ok_dns(struct span *in)
{
    struct span ahead = *in;
    return hold_dns(in) && codec_get_dns(&ahead).state < DNS_STATE_COUNT;
}

/* --- sessions ------------------------------------------------------------------------------- */

static bool ok_reply(struct span *in)
{
    return hold_reply(in);
}

static bool ok_smtp(struct span *in)
{
    struct span ahead = *in;
    return hold_smtp(in) && codec_get_smtp(&ahead).starttls < starttls_vocabulary.count;
}

static bool is_alert(int alert)
{
    return alert >= -1 && alert <= UINT8_MAX;
}

/* Its list is a peer's anyway. */
static bool ok_tls(struct span *in)
{
    struct span ahead = *in;
    if (!hold_tls(in)) {
        return false;
    }
    struct seen_tls t = codec_get_tls(&ahead);
    return is_alert(t.alert_received) && is_alert(t.alert_sent) && t.list.len <= TLS_LIST_MAX &&
           t.cert_count <= TLS_CERTS_MAX &&
           memchr(t.error_text, '\0', sizeof(t.error_text)) != NULL;
}

static bool ok_hello(struct span *in)
{
    struct span ahead = *in;
    if (!hold_hello(in)) {
        return false;
    }
    struct seen_hello h = codec_get_hello(&ahead);
    return h.answer <= HELLO_DECLINED && is_alert(h.alert);
}

static bool ok_session(struct span *in)
{
    struct span ahead = *in;
    if (!hold_session(in)) {
        return false;
    }
    struct seen_session s = codec_get_session(&ahead);
    return s.outcome < OUTCOME_COUNT && s.started_unix_ms >= 0 &&
           s.started_unix_ms <= UNIX_MS_MAX && s.sys > INT32_MIN;
}

/* @return whether there are so many, whole ones */
static bool are_sessions(struct span octets, size_t least, size_t most)
{
    size_t count = 0;
    for (; octets.len > 0; count++) {
        if (count == most || !ok_session(&octets)) {
            return false;
        }
    }
    return count >= least;
}

/* --- lists ---------------------------------------------------------------------------------- */

static bool are_tlsas(struct span octets)
{
    for (unsigned i = 0; octets.len > 0; i++) {
        if (i == TLSA_MAX || !hold_tlsa(&octets)) {
            return false;
        }
    }
    return true;
}

static bool is_dns_name(struct span s)
{
    return s.len > 0 && s.len <= NAME_MAX_OCTETS && memchr(s.at, '\0', s.len) == NULL;
}

/* As a line of a list has it. */
static bool is_normal_domain(struct span s)
{
    struct buf normal = BUF_INIT(BUF_NO_LIMIT);
    bool ok = is_dns_name(s) && domain_name_normalise(s, &normal) == NULL &&
              span_eq(buf_span(&normal), s);
    buf_deinit(&normal);
    return ok;
}

/* It becomes part of a row as it is. None is empty. */
static bool is_object_in_a_line(struct span s)
{
    if (s.len == 0) {
        return true;
    }
    json_t *value = json_loadb((const char *)s.at, s.len, JSON_ALLOW_NUL, NULL);
    bool ok = json_is_object(value) && memchr(s.at, '\n', s.len) == NULL;
    json_decref(value);
    return ok;
}

static bool is_line(const struct message_domain *m)
{
    return m->input_line > 0 && m->input_line <= MESSAGE_LINES_MAX &&
           m->block < MESSAGE_BLOCKS_MAX && m->input.len <= SOURCE_RECORD_MAX &&
           (m->invalid.len > 0 ? m->domain.len == 0 && domain_source_fault(m->invalid) != NULL
                               : is_normal_domain(m->domain)) &&
           is_object_in_a_line(m->metadata);
}

static bool are_cnames(struct span octets)
{
    for (unsigned i = 0; octets.len > 0; i++) {
        struct span ahead = octets;
        if (i == DNS_CNAME_MAX || !ok_span(&octets) || !is_dns_name(codec_get_span(&ahead))) {
            return false;
        }
    }
    return true;
}

/* In order, each once. */
static bool are_addresses(struct span octets)
{
    struct net_addr before = {0};
    for (unsigned i = 0; octets.len > 0; i++) {
        struct span ahead = octets;
        if (i == 2 * HOST_ADDRESSES_MAX || !ok_addr(&octets)) {
            return false;
        }
        struct net_addr a = codec_get_addr(&ahead);
        if (a.family == 0 || (i > 0 && net_addr_cmp(&before, &a) >= 0)) {
            return false;
        }
        before = a;
    }
    return true;
}

static bool are_ptr_names(struct span octets)
{
    for (unsigned i = 0; octets.len > 0; i++) {
        if (i == PTR_MAX || !ok_flag(&octets) || !ok_span(&octets)) {
            return false;
        }
    }
    return true;
}

static bool is_block(uint32_t block)
{
    return block < MESSAGE_BLOCKS_MAX;
}

/* --- one message ------------------------------------------------------------------------------ */

static enum message_fault message_open(struct span octets, uint16_t *number, struct span *body)
{
    struct span in = octets;
    if (octets.len < HEADER_LEN || octets.len > MESSAGE_FOREIGN_MAX) {
        return MESSAGE_NO_HEADER;
    }
    size_t len = codec_get_count(&in);
    *number = codec_get_u16(&in);
    uint16_t version = codec_get_u16(&in);
    *body = in;
    return len != in.len                ? MESSAGE_NO_HEADER
           : version != MESSAGE_VERSION ? MESSAGE_OTHER_VERSION
                                        : MESSAGE_SOUND;
}

/* --- what is known ---------------------------------------------------------------------------- */

static bool is_line_done(const struct message_known_domain *m)
{
    return m->input_line > 0 && m->input_line <= MESSAGE_LINES_MAX &&
           (m->domain.len == 0 || is_normal_domain(m->domain));
}

/* What is asked at the end of links needs one. */
static bool is_resolved(const struct message_known_resolved *m)
{
    return is_dns_name(m->host) && is_block(m->block) && are_cnames(m->cnames) &&
           are_addresses(m->addresses) && are_tlsas(m->tlsas) && are_tlsas(m->expanded_tlsas) &&
           (m->cnames.len > 0 || m->expanded_tlsa.state == DNS_NOT_ASKED);
}

static bool is_known_service(const struct message_known_service *m)
{
    return m->address.family != 0 && m->port > 0 && are_two_bits(m->versions) &&
           m->ptr_state < DNS_STATE_COUNT && are_ptr_names(m->ptr_names) &&
           are_sessions(m->session, 0, 1);
}

static bool is_sound_endpoint_done(struct span body);

/* The one that its host is to hear: a whole message. */
static bool is_told_of(struct span octets, const struct message_known_name *m)
{
    uint16_t number;
    struct span body;
    if (message_open(octets, &number, &body) != MESSAGE_SOUND || number != MESSAGE_ENDPOINT_DONE ||
        !is_sound_endpoint_done(body)) {
        return false;
    }
    struct message_endpoint_done done = message_get_endpoint_done(body);
    return span_eq(done.host, m->host) && net_addr_eq(&done.brief.address, &m->address) &&
           done.brief.port == m->port;
}

static bool is_known_name(const struct message_known_name *m)
{
    return is_block(m->block) && is_dns_name(m->host) && m->address.family != 0 && m->port > 0 &&
           m->turn < KNOWN_TURN_COUNT && m->outcome < OUTCOME_COUNT &&
           m->starttls < starttls_vocabulary.count && m->chain_id.len == SHA256_LEN &&
           is_told_of(m->told, m);
}

static bool is_known_speaker(const struct message_known_speaker *m)
{
    return is_dns_name(m->host) && m->address.family != 0 && m->port > 0 && m->issuers == 0 &&
           are_sessions(m->attempts, 1, SPEAKER_SESSIONS_MAX) &&
           m->attempt < codec_count_sessions(m->attempts) && are_sessions(m->dane_sni, 0, 1) &&
           are_tlsas(m->tlsas);
}

/* ---------------------------------------------------------------------------------------------- */

static bool is_epoch(uint32_t epoch)
{
    return epoch > 0 && epoch <= MESSAGE_EPOCHS_MAX;
}

/* --- messages ------------------------------------------------------------------------------- */

/* Those that leave a process, and what their fields may be beside. */
#define FOREIGN(X)                                                                                \
    X(DOMAIN, domain, is_line(&m))                                                                \
    X(HOST_WANT, host_want,                                                                       \
      is_block(m.block) && is_dns_name(m.domain) && is_dns_name(m.host) && m.dial <= 1)           \
    X(HOST_LATE, host_late, is_block(m.block) && is_dns_name(m.domain) && is_dns_name(m.host))    \
    X(HOST_RESOLVED, host_resolved, is_dns_name(m.domain) && is_dns_name(m.host))                 \
    X(HOST_DONE, host_done, is_dns_name(m.domain) && is_dns_name(m.host))                         \
    X(ADDRESS_WANT, address_want,                                                                 \
      is_block(m.block) && is_dns_name(m.host) && m.address.family != 0 && m.port > 0 &&          \
          m.dane_host < DANE_HOST_COUNT && m.tlsa_base.len <= NAME_MAX_OCTETS &&                  \
          are_tlsas(m.tlsas))                                                                     \
    X(ENDPOINT_DONE, endpoint_done, is_dns_name(m.host))                                          \
    X(NAME_CHECK, name_check, is_dns_name(m.name) && m.address.family != 0)                       \
    X(NAME_CHECKED, name_checked,                                                                 \
      is_dns_name(m.name) && m.address.family != 0 && m.state < DNS_STATE_COUNT &&                \
          m.confirmed <= TRUTH_YES)                                                               \
    X(PERMIT_WANT, permit_want, m.address.family != 0)                                            \
    X(PERMIT_GRANT, permit_grant, m.address.family != 0)                                          \
    X(PERMIT_RETURN, permit_return, m.address.family != 0)                                        \
    X(KNOWN_DOMAIN, known_domain, is_line_done(&m))                                               \
    X(KNOWN_HOST, known_host, is_dns_name(m.host))                                                \
    X(KNOWN_RESOLVED, known_resolved, is_resolved(&m))                                            \
    X(KNOWN_SERVICE, known_service, is_known_service(&m))                                         \
    X(KNOWN_NAME, known_name, is_known_name(&m))                                                  \
    X(KNOWN_SPEAKER, known_speaker, is_known_speaker(&m))                                         \
    X(BLOCK_END, block_end, is_block(m.block))                                                    \
    X(FLEET_FILE, fleet_file,                                                                     \
      m.pieces > 0 && m.pieces <= PIECES_MAX && m.piece < m.pieces &&                             \
          m.sha256.len == SHA256_LEN && m.name.len > 0 && m.name.len <= FILE_NAME_OCTETS &&       \
          m.name.at[0] != '.' && memchr(m.name.at, '/', m.name.len) == NULL &&                    \
          memchr(m.name.at, '\0', m.name.len) == NULL)                                            \
    X(FLEET_JOIN, fleet_join, m.member.len > 0 && m.member.len <= MEMBER_NAME_MAX)                \
    X(FLEET_SETTLED, fleet_settled, is_block(m.blocks) || m.blocks == UINT32_MAX)                 \
    X(FLEET_SENT, fleet_sent, is_block(m.blocks) && m.offsets.len % sizeof(uint64_t) == 0)        \
    X(FLEET_LAST, fleet_last, m.blocks > 0 && is_block(m.blocks) && m.lines <= MESSAGE_LINES_MAX) \
    X(FLEET_DONE, fleet_done, true)                                                               \
    X(FLEET_LEFT, fleet_left, is_epoch(m.epoch))                                                  \
    X(FLEET_TAKE, fleet_take,                                                                     \
      is_epoch(m.epoch) && m.name.len > 0 && m.name.len <= MEMBER_NAME_MAX)                       \
    X(FLEET_AWAY, fleet_away, m.member.len > 0 && m.member.len <= MEMBER_NAME_MAX)                \
    X(FLEET_BEAT, fleet_beat, true)

#define X(NAME, name, condition)                            \
    static bool is_sound_##name(struct span body)           \
    {                                                       \
        struct span rest = body;                            \
        struct span *in = &rest;                            \
        if (!(true FIELDS_##NAME(OK)) || rest.len > 0) {    \
            return false;                                   \
        }                                                   \
        struct message_##name m = message_get_##name(body); \
        (void)m;                                            \
        return condition;                                   \
    }
FOREIGN(X)
#undef X

static bool is_foreign(enum message_kind kind)
{
    switch ((int)kind) {
#define X(NAME, name, condition) case MESSAGE_##NAME:
        FOREIGN(X)
#undef X
        return true;
    default:
        return false;
    }
}

static bool is_sound(enum message_kind kind, struct span body)
{
    switch ((int)kind) {
#define X(NAME, name, condition) \
    case MESSAGE_##NAME:         \
        return is_sound_##name(body);
        FOREIGN(X)
#undef X
    default:
        return false;
    }
}

const char *message_fault_text(enum message_fault f)
{
    static const char *const texts[] = {
        [MESSAGE_SOUND] = "sound",
        [MESSAGE_NO_HEADER] = "no message, or cut short",
        [MESSAGE_OTHER_VERSION] = "of another version of mxcensus",
        [MESSAGE_UNKNOWN_KIND] = "of a kind that is not known",
        [MESSAGE_BAD_FIELD] = "a field is missing, too long or has no such value",
    };
    CHECK((size_t)f < sizeof(texts) / sizeof(texts[0]));
    return texts[f];
}

enum message_fault message_check(struct span octets, enum message_kind *kind, struct span *body)
{
    struct span in;
    uint16_t number;
    enum message_fault fault = message_open(octets, &number, &in);
    if (fault != MESSAGE_SOUND) {
        return fault;
    }
    if (!is_foreign((enum message_kind)number)) {
        return MESSAGE_UNKNOWN_KIND;
    }
    if (!is_sound((enum message_kind)number, in)) {
        return MESSAGE_BAD_FIELD;
    }
    *kind = (enum message_kind)number;
    *body = in;
    return MESSAGE_SOUND;
}
