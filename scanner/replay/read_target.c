#include "scanner/base/text.h"
#include "scanner/replay/read_rows.h"

/* Rows of services and endpoints tell their session in columns of the same names. */
struct session_columns {
    unsigned outcome;
    unsigned not_tested;
    unsigned starttls;
    unsigned tls_version;
    unsigned chain_id;
    unsigned leaf_sha256;
    unsigned attempts;
    unsigned attempt;
    unsigned transcript;
    unsigned handshake;
};

#define SESSION_COLUMNS(P)                                                                        \
    {                                                                                             \
        .outcome = P##_OUTCOME, .not_tested = P##_NOT_TESTED, .starttls = P##_STARTTLS,           \
        .tls_version = P##_TLS_VERSION, .chain_id = P##_CHAIN_ID, .leaf_sha256 = P##_LEAF_SHA256, \
        .attempts = P##_ATTEMPTS, .attempt = P##_ATTEMPT, .transcript = P##_TRANSCRIPT,           \
        .handshake = P##_HANDSHAKE,                                                               \
    }

struct read_sessions {
    struct seen_session *attempts;
    size_t attempt_count;
    struct seen_session *result;
    enum not_tested_reason not_tested;
};

/* The session of another row speaks: what this row tells of it. */
static struct seen_session *read_spoken(const struct facts *row, const struct session_columns *c)
{
    struct seen_session *s = arena_new(&row->reading->arena, 1, sizeof(*s));
    *s = (struct seen_session){.outcome = facts_enum(row, c->outcome, &outcome_vocabulary),
                               .connect_ms = -1,
                               .total_ms = -1,
                               .tls = {.alert_received = -1, .alert_sent = -1, .ms = -1}};
    s->tls.version = facts_tls_version(row, c->tls_version);
    s->tls.completed = s->tls.version != 0;
    facts_sha256(row, c->chain_id, s->tls.chain_id);
    facts_sha256(row, c->leaf_sha256, s->tls.leaf_sha256);
    s->tls_attempted = s->tls.completed || facts_has(row, c->chain_id);
    return s;
}

/* What only an own session can have. */
static void read_own(const struct facts *row, const struct session_columns *c,
                     struct seen_session *result)
{
    struct facts part;
    if (facts_object(row, c->transcript, &part)) {
        read_transcript(&part, &result->smtp);
        if (result->connect_ms < 0) {
            facts_bad(row, c->transcript, "is set without a connection");
        }
    }
    if (facts_object(row, c->handshake, &part)) {
        read_handshake(&part, result);
        if (!facts_has(&part, HANDSHAKE_FACTS_CHAIN_ID)) { /* a lean row has it once */
            facts_sha256(row, c->chain_id, result->tls.chain_id);
            facts_sha256(row, c->leaf_sha256, result->tls.leaf_sha256);
        }
    } else if (result->tls_attempted) {
        facts_bad(row, c->handshake, "is absent, but the attempt has one");
    }
}

/* A result is of one of the attempts, or borrowed: what has neither would be written with a handshake of nobody. */
static struct seen_session *read_result(const struct facts *row, const struct session_columns *c,
                                        bool borrowed, const struct read_sessions *s)
{
    size_t number = facts_uint(row, c->attempt, SIZE_MAX);
    if (facts_has(row, c->attempt)) {
        if (number == 0 || number > s->attempt_count) {
            facts_bad(row, c->attempt, "is not one of the attempts");
            return NULL;
        }
        struct seen_session *counts = &s->attempts[number - 1];
        struct facts attempt;
        facts_list_object(row, c->attempts, number - 1, &attempt);
        if (!facts_has(&attempt, ATTEMPT_OUTCOME)) { /* a lean row has it once */
            counts->outcome = facts_enum(row, c->outcome, &outcome_vocabulary);
        }
        read_own(row, c, counts);
        return counts;
    }
    if (facts_has(row, c->transcript) || facts_has(row, c->handshake)) {
        facts_bad(row, c->attempt, "is null, but the row has its session");
    }
    if (facts_enum(row, c->outcome, &outcome_vocabulary) == OUTCOME_NOT_TESTED) {
        return NULL;
    }
    if (!borrowed) {
        facts_bad(row, c->attempt, "is null, but the row has an outcome of its own");
        return NULL;
    }
    return read_spoken(row, c);
}

/* @param borrowed the row names another whose session gives its result */
static void read_sessions(const struct facts *row, const struct session_columns *c, bool borrowed,
                          struct read_sessions *out)
{
    *out = (struct read_sessions){.not_tested =
                                      facts_enum(row, c->not_tested, &not_tested_vocabulary)};
    read_attempts(row, c->attempts, &out->attempts, &out->attempt_count);
    out->result = read_result(row, c, borrowed, out);
    if (out->result != NULL) {
        out->result->smtp.starttls = facts_enum(row, c->starttls, &starttls_vocabulary);
    }
}

static void read_ptr(const struct facts *row, struct seen_ptr *out)
{
    struct facts ptr;
    *out = (struct seen_ptr){.dns = {.rcode = UINT8_MAX, .ede = -1}};
    if (!facts_object(row, SERVICES_PTR, &ptr)) {
        return;
    }
    read_dns(&ptr, PTR_FACTS_DNS, &out->dns);
    struct arena *a = &row->reading->arena;
    out->name_count = facts_list_len(&ptr, PTR_FACTS_NAMES);
    struct span *names = arena_new(a, out->name_count, sizeof(*names));
    uint8_t *states = arena_new(a, out->name_count, sizeof(*states));
    bool *confirmed = arena_new(a, out->name_count, sizeof(*confirmed));
    for (size_t i = 0; i < out->name_count; i++) {
        struct facts name;
        facts_list_object(&ptr, PTR_FACTS_NAMES, i, &name);
        names[i] = facts_text(&name, PTR_NAME_NAME);
        states[i] = (uint8_t)facts_enum(&name, PTR_NAME_FORWARD, &dns_state_vocabulary);
        confirmed[i] = facts_bool(&name, PTR_NAME_FORWARD_CONFIRMED);
    }
    out->names = names;
    out->forward_state = states;
    out->forward_confirmed = confirmed;
}

static void read_versions(const struct facts *row, struct seen_versions *out)
{
    struct facts versions;
    *out = (struct seen_versions){.asked = facts_object(row, SERVICES_VERSIONS, &versions)};
    if (out->asked) {
        out->accepted[0] = (uint8_t)facts_truth(&versions, VERSION_FACTS_TLSV1_0);
        out->accepted[1] = (uint8_t)facts_truth(&versions, VERSION_FACTS_TLSV1_1);
        out->accepted[2] = (uint8_t)facts_truth(&versions, VERSION_FACTS_TLSV1_2);
        out->accepted[3] = (uint8_t)facts_truth(&versions, VERSION_FACTS_TLSV1_3);
        out->sni = facts_bool(&versions, VERSION_FACTS_SNI);
        out->connections = facts_u8(&versions, VERSION_FACTS_CONNECTIONS);
    }
}

static void read_cipher_list(const struct facts *list, struct accepted_suites *out)
{
    size_t count = facts_list_len(list, CIPHER_LIST_SUITES);
    if (count > ACCEPTED_SUITES_MAX) {
        facts_bad(list, CIPHER_LIST_SUITES, "has more items than one ClientHello offers");
        return;
    }
    for (size_t i = 0; i < count; i++) {
        out->suite[i] = facts_list_cipher(list, CIPHER_LIST_SUITES, i);
    }
    out->count = (uint8_t)count;
    out->order = (uint8_t)facts_enum(list, CIPHER_LIST_ORDER, &cipher_order_vocabulary);
    out->end = (uint8_t)facts_enum(list, CIPHER_LIST_END, &cipher_end_vocabulary);
    out->unoffered = facts_u16(list, CIPHER_LIST_UNOFFERED);
    out->sessions = facts_u8(list, CIPHER_LIST_CONNECTIONS);
}

static void read_ciphers(const struct facts *row, struct seen_ciphers *out)
{
    static const unsigned columns[TLS_VERSION_COUNT] = {CIPHER_FACTS_TLSV1_0, CIPHER_FACTS_TLSV1_1,
                                                        CIPHER_FACTS_TLSV1_2, CIPHER_FACTS_TLSV1_3};
    struct facts ciphers;
    struct facts list;
    *out = (struct seen_ciphers){0};
    if (!facts_object(row, SERVICES_CIPHERS, &ciphers)) {
        return;
    }
    struct accepted_suites *version =
        arena_new(&row->reading->arena, TLS_VERSION_COUNT, sizeof(*version));
    for (size_t i = 0; i < TLS_VERSION_COUNT; i++) {
        version[i] = (struct accepted_suites){0};
        if (facts_object(&ciphers, columns[i], &list)) {
            read_cipher_list(&list, &version[i]);
        }
    }
    out->version = version;
    out->sni = facts_bool(&ciphers, CIPHER_FACTS_SNI);
    out->truncated = facts_bool(&ciphers, CIPHER_FACTS_TRUNCATED);
    out->connections = facts_u8(&ciphers, CIPHER_FACTS_CONNECTIONS);
}

static const struct seen_session *read_wrong_sni(const struct facts *row)
{
    struct facts wrong;
    if (!facts_object(row, SERVICES_WRONG_SNI, &wrong)) {
        return NULL;
    }
    struct seen_session *s = arena_new(&row->reading->arena, 1, sizeof(*s));
    *s = (struct seen_session){
        .outcome = facts_enum(&wrong, WRONG_SNI_FACTS_OUTCOME, &outcome_vocabulary),
        .sni = true,
        .connect_ms = -1,
        .total_ms = -1,
        .tls = {.alert_received = facts_alert(&wrong, WRONG_SNI_FACTS_ALERT_RECEIVED),
                .alert_sent = -1,
                .ms = -1,
                .unknown_name_warning = facts_bool(&wrong, WRONG_SNI_FACTS_UNKNOWN_NAME_WARNING)}};
    facts_sha256(&wrong, WRONG_SNI_FACTS_CHAIN_ID, s->tls.chain_id);
    facts_sha256(&wrong, WRONG_SNI_FACTS_LEAF_SHA256, s->tls.leaf_sha256);
    s->tls_attempted = facts_has(&wrong, WRONG_SNI_FACTS_CHAIN_ID) ||
                       facts_has(&wrong, WRONG_SNI_FACTS_ALERT_RECEIVED);
    return s;
}

void read_service(const struct facts *row, struct read_service *out)
{
    static const struct session_columns columns = SESSION_COLUMNS(SERVICES);
    struct read_sessions sessions;
    read_sessions(row, &columns, false, &sessions);
    *out = (struct read_service){.result = sessions.result};
    out->seen = (struct seen_service){
        .address = facts_address(row, SERVICES_ADDRESS),
        .port = facts_u16(row, SERVICES_PORT),
        .attempts = sessions.attempts,
        .attempt_count = sessions.attempt_count,
        .result = sessions.result,
        .not_tested = sessions.not_tested,
        .certificate_domain = facts_text(row, SERVICES_CERTIFICATE_DOMAIN),
        .banner_domain = facts_text(row, SERVICES_BANNER_DOMAIN),
        .names_total = facts_u32(row, SERVICES_NAMES_TOTAL),
        .names_dialled = facts_u32(row, SERVICES_NAMES_DIALLED),
    };
    read_ptr(row, &out->seen.ptr);
    read_versions(row, &out->seen.versions);
    read_ciphers(row, &out->seen.ciphers);
    out->seen.wrong_sni = read_wrong_sni(row);
}

static struct seen_session *read_other_key(const struct facts *row)
{
    struct facts other;
    if (!facts_object(row, ENDPOINTS_OTHER_KEY, &other)) {
        return NULL;
    }
    struct seen_session *s = arena_new(&row->reading->arena, 1, sizeof(*s));
    *s = (struct seen_session){.outcome =
                                   facts_enum(&other, OTHER_KEY_FACTS_OUTCOME, &outcome_vocabulary),
                               .sni = true,
                               .connect_ms = -1,
                               .total_ms = -1,
                               .tls = {.alert_received = -1, .alert_sent = -1, .ms = -1}};
    facts_sha256(&other, OTHER_KEY_FACTS_CHAIN_ID, s->tls.chain_id);
    facts_sha256(&other, OTHER_KEY_FACTS_LEAF_SHA256, s->tls.leaf_sha256);
    s->tls_attempted = facts_has(&other, OTHER_KEY_FACTS_CHAIN_ID);
    return s;
}

static struct seen_session *read_dane_sni(const struct facts *row)
{
    struct facts dane;
    struct facts attempt;
    if (!facts_object(row, ENDPOINTS_DANE_SNI, &dane)) {
        return NULL;
    }
    if (!facts_object(&dane, DANE_SNI_FACTS_ATTEMPT, &attempt)) {
        facts_bad(&dane, DANE_SNI_FACTS_ATTEMPT, "is absent or null");
        return NULL;
    }
    struct seen_session *s = arena_new(&row->reading->arena, 1, sizeof(*s));
    read_attempt(&attempt, s);
    s->tls.completed = s->outcome == OUTCOME_ESTABLISHED;
    facts_sha256(&dane, DANE_SNI_FACTS_CHAIN_ID, s->tls.chain_id);
    return s;
}

/* Lean rows have both in the key of the service alone. */
static void read_place(const struct facts *row, struct seen_endpoint *out)
{
    struct span port = facts_text(row, ENDPOINTS_SERVICE);
    struct span address = text_take_until(&port, '|');
    uint64_t number = 0;
    if (facts_has(row, ENDPOINTS_ADDRESS)) {
        out->address = facts_address(row, ENDPOINTS_ADDRESS);
        out->port = facts_u16(row, ENDPOINTS_PORT);
    } else if (net_addr_parse(address, &out->address) && text_to_u64(port, &number) &&
               number <= UINT16_MAX) {
        out->port = (uint16_t)number;
    } else {
        facts_bad(row, ENDPOINTS_SERVICE, "is not address|port");
    }
}

void read_endpoint(const struct facts *row, struct read_endpoint *out)
{
    static const struct session_columns columns = SESSION_COLUMNS(ENDPOINTS);
    struct read_sessions sessions;
    read_sessions(row, &columns, facts_has(row, ENDPOINTS_SESSION_FROM), &sessions);
    *out = (struct read_endpoint){.result = sessions.result};
    out->other_key = read_other_key(row);
    out->dane_sni = read_dane_sni(row);
    out->seen = (struct seen_endpoint){
        .host = facts_text(row, ENDPOINTS_HOST),
        .registrable = facts_text(row, ENDPOINTS_MX_REGISTRABLE_DOMAIN),
        .certificate_domain = facts_text(row, ENDPOINTS_CERTIFICATE_DOMAIN),
        .attempts = sessions.attempts,
        .attempt_count = sessions.attempt_count,
        .result = sessions.result,
        .not_tested = sessions.not_tested,
        .session_from = facts_text(row, ENDPOINTS_SESSION_FROM),
        .group = facts_text(row, ENDPOINTS_GROUP),
        .basis = (enum basis)facts_enum(row, ENDPOINTS_BASIS, &basis_vocabulary),
        .repeated = facts_bool(row, ENDPOINTS_REPEATED),
        .unstable = facts_bool(row, ENDPOINTS_UNSTABLE),
        .default_apart = facts_bool(row, ENDPOINTS_DEFAULT_APART),
        .other_key = out->other_key,
        .dane_sni = out->dane_sni,
    };
    read_place(row, &out->seen);
    facts_sha256(row, ENDPOINTS_NO_SNI_LEAF_SHA256, out->seen.no_sni_leaf_sha256);
}

static void read_brief(const struct facts *f, struct endpoint_brief *out)
{
    *out = (struct endpoint_brief){
        .address = facts_address(f, BRIEF_ADDRESS),
        .port = facts_u16(f, BRIEF_PORT),
        .mapped = facts_bool(f, BRIEF_MAPPED),
        .outcome = (uint8_t)facts_enum(f, BRIEF_OUTCOME, &outcome_vocabulary),
        .not_tested = (uint8_t)facts_enum(f, BRIEF_NOT_TESTED, &not_tested_vocabulary),
        .starttls = (uint8_t)facts_enum(f, BRIEF_STARTTLS, &starttls_vocabulary),
        .inherited = facts_bool(f, BRIEF_INHERITED),
        .basis = (uint8_t)facts_enum(f, BRIEF_BASIS, &basis_vocabulary),
        .tls_version = facts_tls_version(f, BRIEF_TLS_VERSION),
        .ptr_is_host = (uint8_t)facts_truth(f, BRIEF_PTR_IS_HOST),
    };
    facts_sha256(f, BRIEF_LEAF_SHA256, out->leaf_sha256);
}

const struct endpoint_brief *read_briefs(const struct facts *f, unsigned column, struct span host,
                                         const struct brief_judge *judge, size_t *count)
{
    *count = facts_list_len(f, column);
    struct endpoint_brief *briefs = arena_new(&f->reading->arena, *count, sizeof(*briefs));
    for (size_t i = 0; i < *count; i++) {
        struct facts brief;
        facts_list_object(f, column, i, &brief);
        read_brief(&brief, &briefs[i]);
        if (f->reading->why.len == 0) {
            judge->fill(judge->arg, host, &briefs[i]);
        }
    }
    return briefs;
}

const struct net_addr *read_addresses(const struct facts *row, unsigned column, size_t *count)
{
    *count = facts_list_len(row, column);
    struct net_addr *addresses = arena_new(&row->reading->arena, *count, sizeof(*addresses));
    for (size_t i = 0; i < *count; i++) {
        addresses[i] = facts_list_address(row, column, i);
    }
    return addresses;
}

#define TLSA_DATA_MAX UINT16_MAX /* octets of a record, RFC 1035 section 3.2.1 */

static const struct seen_tlsa *read_tlsas(const struct facts *row, unsigned column, size_t *count)
{
    *count = facts_list_len(row, column);
    if (*count > TLSA_MAX) {
        facts_bad(row, column, "has more records than a scan keeps");
        *count = 0;
    }
    struct seen_tlsa *tlsas = arena_new(&row->reading->arena, *count, sizeof(*tlsas));
    for (size_t i = 0; i < *count; i++) {
        struct facts tlsa;
        facts_list_object(row, column, i, &tlsa);
        tlsas[i] = (struct seen_tlsa){
            .usage = facts_u8(&tlsa, TLSA_FACTS_USAGE),
            .selector = facts_u8(&tlsa, TLSA_FACTS_SELECTOR),
            .matching = facts_u8(&tlsa, TLSA_FACTS_MATCHING),
            .data = facts_hex(&tlsa, TLSA_FACTS_DATA),
        };
        if (tlsas[i].data.len > TLSA_DATA_MAX) {
            facts_bad(&tlsa, TLSA_FACTS_DATA, "is longer than a record can be");
        }
    }
    return tlsas;
}

/* The TLSA base domain is one of them. */
static void check_names(const struct facts *row, const struct seen_host *h)
{
    if (h->name.len > DNS_NAME_TEXT_MAX) {
        facts_bad(row, HOSTS_HOST, "is longer than a name can be");
    }
    for (size_t i = 0; i < h->cname_count; i++) {
        if (h->cnames[i].len > DNS_NAME_TEXT_MAX) {
            facts_bad(row, HOSTS_CNAMES, "has an item that is not a name");
        }
    }
}

void read_host_dns(const struct facts *row, struct seen_host *out)
{
    *out = (struct seen_host){
        .name = facts_text(row, HOSTS_HOST),
        .registrable = facts_text(row, HOSTS_MX_REGISTRABLE_DOMAIN),
        .addresses_truncated = facts_uint(row, HOSTS_ADDRESSES_TRUNCATED, SIZE_MAX),
        .blocklisted = facts_bool(row, HOSTS_BLOCKLISTED),
        .block = facts_has(row, HOSTS_BLOCK) ? (int64_t)facts_u32(row, HOSTS_BLOCK) : -1,
    };
    read_dns(row, HOSTS_A_DNS, &out->a);
    read_dns(row, HOSTS_AAAA_DNS, &out->aaaa);
    read_dns(row, HOSTS_TLSA_DNS, &out->tlsa);
    read_dns(row, HOSTS_FIRST_CNAME_DNS, &out->first_cname);
    read_dns(row, HOSTS_EXPANDED_TLSA_DNS, &out->expanded_tlsa);
    out->cnames = facts_texts(row, HOSTS_CNAMES, &out->cname_count);
    out->addresses = read_addresses(row, HOSTS_ADDRESSES, &out->address_count);
    out->tlsas = read_tlsas(row, HOSTS_TLSA, &out->tlsa_count);
    out->expanded_tlsas = read_tlsas(row, HOSTS_EXPANDED_TLSA, &out->expanded_tlsa_count);
    check_names(row, out);
}

void read_host(const struct facts *row, const struct brief_judge *judge, struct seen_host *out)
{
    read_host_dns(row, out);
    out->endpoints = read_briefs(row, HOSTS_ENDPOINTS, out->name, judge, &out->endpoint_count);
}
