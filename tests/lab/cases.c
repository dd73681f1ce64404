#include "tests/lab/cases.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "scanner/base/memory.h"
#include "tests/lab/address_plan.h"
#include "tests/lab/draw.h"
#include "tests/lab/mutations.h"
#include "tests/lab/name_text.h"
#include "tests/lab/policy_host.h"
#include "tests/lab/zone_tlsa.h"

#define KEY_CASE        (1ULL << 44) /* of draws that concern a case */
#define STATEMENT_WORDS 24
#define STATEMENT_MAX   1024 /* octets */
#define CASE_FINDINGS   16
#define POLICY_SLOTS    4096 /* from here on, certificates of policy hosts */
#define CASE_DAYS_LEFT  60   /* of its certificates: nothing expires soon unless it is said */
#define CASE_ZONES      4
#define CASE_SERVERS    8 /* with properties of their own; the others are plain */

struct case_record {
    char name[LAB_NAME_MAX];
    struct zone_rr rr; /* address, preference; `at` and `len` are unused */
    char target[LAB_NAME_MAX];
    uint8_t text[512]; /* TXT strings with lengths, or the octets of a TLSA */
    size_t text_len;
    size_t fill; /* TXT: that many strings of 255 octets more */
    struct tlsa_form form;
    bool is_raw; /* TLSA: `text` is the record, else `form` tells */
};

struct case_state {
    char name[LAB_NAME_MAX];
    uint16_t type; /* as in case_zone */
    enum dns_state state;
    int ede;
};

enum zone_signing {
    ZONE_UNSIGNED,
    ZONE_NO_DS,
    ZONE_SIGNED,
};

struct case_zone {
    char name[LAB_NAME_MAX];
    uint16_t
        type; /* 0: all, and what is below the name; else answers of this type at the name alone */
    enum zone_signing signing;
};

struct case_tcp {
    char name[LAB_NAME_MAX]; /* and what is below; "": nothing */
    enum lab_tcp tcp;
};

struct case_policy {
    struct policy_host host;
    struct net_addr addresses[2];
    size_t address_count;
};

struct case_server {
    uint32_t item;
    bool v6;
    struct service service;
};

struct lab_case {
    char domain[LAB_NAME_MAX];
    uint32_t index;
    struct case_record *records;
    size_t record_count;
    struct case_state states[4];
    size_t state_count;
    struct case_tcp tcp;
    struct case_server servers[CASE_SERVERS];
    size_t server_count;
    struct case_zone zones[CASE_ZONES]; /* the last one that holds decides */
    size_t zone_count;
    struct case_policy *policies;
    size_t policy_count;
    char *findings[CASE_FINDINGS]; /* codes, owned */
    size_t finding_count;
    bool expected; /* there is a statement of what is found */
    bool at_least; /* and there may be more */
};

struct case_set {
    struct lab_case *items;
};

struct statement {
    char text[STATEMENT_MAX];
    char *word[STATEMENT_WORDS];
    size_t count;
};

size_t cases_count(void)
{
    return case_table_count;
}

void case_domain(size_t index, char out[LAB_NAME_MAX])
{
    name_putf(out, "case-%s.%s", case_table[index].name, CASE_ZONE);
}

static void full_name(const struct lab_case *c, const char *word, char out[LAB_NAME_MAX])
{
    size_t len = strlen(word);
    if (strcmp(word, "@") == 0) {
        name_putf(out, "%s", c->domain);
    } else if (word[len - 1] == '.') {
        name_putf(out, "%.*s", (int)len - 1, word);
    } else {
        name_putf(out, "%s.%s", word, c->domain);
    }
}

static struct case_record *add_record(struct lab_case *c, const char *name, uint16_t type)
{
    c->records = memory_resize(c->records, c->record_count + 1, sizeof(*c->records));
    struct case_record *r = &c->records[c->record_count++];
    memset(r, 0, sizeof(*r));
    r->rr.type = type;
    full_name(c, name, r->name);
    return r;
}

static void add_address(struct lab_case *c, const char *name, const struct net_addr *a)
{
    add_record(c, name, a->family == 4 ? LAB_TYPE_A : LAB_TYPE_AAAA)->rr.address = *a;
}

static struct net_addr case_address(const struct lab_case *c, uint32_t item, bool v6)
{
    struct address_place place = {.part = PART_CASE, .owner = c->index, .item = item, .v6 = v6};
    return address_of_place(&place, 1);
}

static void default_certs(const struct world *w, const struct lab_case *c, uint32_t item, bool v6,
                          const char *host, struct service *s)
{
    uint64_t slot = (uint64_t)item * 4 + (v6 ? 2 : 0);
    s->plain.identity = draw_u64(w->seed, DRAW_ID, KEY_CASE | c->index, slot);
    s->own.identity = draw_u64(w->seed, DRAW_ID, KEY_CASE | c->index, slot + 1);
    (void)snprintf(s->plain.names, sizeof(s->plain.names), "%s", host);
    (void)snprintf(s->own.names, sizeof(s->own.names), "%s", host);
    s->plain.days_left = CASE_DAYS_LEFT;
    s->own.days_left = CASE_DAYS_LEFT;
    s->other = s->plain;
    s->other.identity = draw_mix(s->plain.identity ^ 0xd0a1);
}

static struct service *find_server(struct lab_case *c, uint32_t item, bool v6)
{
    for (size_t i = 0; i < c->server_count; i++) {
        if (c->servers[i].item == item && c->servers[i].v6 == v6) {
            return &c->servers[i].service;
        }
    }
    return NULL;
}

/* Names of a certificate, relative to the case as everywhere else. */
static void set_names(const struct lab_case *c, struct cert_choice *cert, const char *list)
{
    size_t used = 0;
    while (*list != '\0') {
        char word[LAB_NAME_MAX];
        char name[LAB_NAME_MAX];
        size_t len = strcspn(list, ",");
        name_putf(word, "%.*s", (int)len, list);
        full_name(c, word, name);
        used += (size_t)snprintf(cert->names + used, sizeof(cert->names) - used, "%s%s",
                                 used > 0 ? "," : "", name);
        CHECK(used < sizeof(cert->names));
        list += len + (list[len] == ',');
    }
}

/* Properties that need to know the case; all others are service_set()'s. */
static bool set_property(struct lab_case *c, struct service *s, const char *key, const char *value)
{
    if (strcmp(key, "san") == 0) {
        set_names(c, &s->plain, value);
        s->plain_named = true;
        return true;
    }
    if (strcmp(key, "leaf-of") == 0) {
        const struct service *of = find_server(c, (uint32_t)strtoul(value, NULL, 10), false);
        CHECK(of != NULL);
        s->plain = of->plain;
        s->other = of->other;
        return true;
    }
    return service_set(s, key, value);
}

static bool add_host(const struct world *w, struct lab_case *c, const struct statement *st, bool v6)
{
    uint32_t item = (uint32_t)strtoul(st->word[2], NULL, 10);
    struct net_addr a = case_address(c, item, v6);
    char host[LAB_NAME_MAX];
    full_name(c, st->word[1], host);
    add_address(c, st->word[1], &a);
    struct service *s = find_server(c, item, v6);
    if (s == NULL) {
        CHECK(c->server_count < CASE_SERVERS);
        struct case_server *server = &c->servers[c->server_count++];
        server->item = item;
        server->v6 = v6;
        s = &server->service;
        service_init(s, &a);
        name_putf(s->name, "%s", host);
        default_certs(w, c, item, v6, host, s);
    }
    for (size_t i = 3; i < st->count; i++) {
        char *equals = strchr(st->word[i], '=');
        if (equals == NULL) {
            return false;
        }
        *equals = '\0';
        if (!set_property(c, s, st->word[i], equals + 1)) {
            return false;
        }
    }
    return true;
}

static bool add_dead(struct lab_case *c, const struct statement *st, bool v6)
{
    bool refused = strcmp(st->word[2], "refused") == 0;
    uint64_t any = (uint64_t)c->index * 256 + strtoul(st->word[3], NULL, 10);
    struct net_addr a = address_dead(refused ? REACH_REFUSED : REACH_SILENT, v6, any);
    add_address(c, st->word[1], &a);
    return refused || strcmp(st->word[2], "silent") == 0;
}

static bool add_text(struct lab_case *c, const struct statement *st)
{
    struct case_record *r = add_record(c, st->word[1], LAB_TYPE_TXT);
    for (size_t i = 2; i < st->count; i++) {
        size_t len = strlen(st->word[i]);
        if (len > 255 || r->text_len + len + 1 > sizeof(r->text)) {
            return false;
        }
        r->text[r->text_len++] = (uint8_t)len;
        memcpy(r->text + r->text_len, st->word[i], len);
        r->text_len += len;
    }
    return true;
}

static void put_tlsa(struct lab_case *c, const char *owner, const char *host,
                     const struct tlsa_form *form)
{
    struct case_record *r = add_record(c, owner, LAB_TYPE_TLSA);
    full_name(c, host, r->target);
    r->form = *form;
}

/* usage selector matching DATA */
static bool read_form(char *const *word, struct tlsa_form *out)
{
    out->usage = (uint8_t)strtoul(word[0], NULL, 10);
    out->selector = (uint8_t)strtoul(word[1], NULL, 10);
    out->matching = (uint8_t)strtoul(word[2], NULL, 10);
    return lab_tlsa_data_of(word[3], &out->data);
}

static bool add_tlsa(struct lab_case *c, const struct statement *st, size_t host, const char *owner)
{
    struct tlsa_form form;
    if (!read_form(&st->word[host + 1], &form)) {
        return false;
    }
    put_tlsa(c, owner, st->word[host], &form);
    return true;
}

static void smtp_owner(const char *host, char out[LAB_NAME_MAX])
{
    name_putf(out, "_25._tcp.%.200s", host);
}

static bool add_raw_tlsa(struct lab_case *c, const char *owner, const char *hex)
{
    struct case_record *r = add_record(c, owner, LAB_TYPE_TLSA);
    unsigned octet;
    r->is_raw = true;
    for (; r->text_len < sizeof(r->text) && sscanf(hex, "%2x", &octet) == 1; hex += 2) {
        r->text[r->text_len++] = (uint8_t)octet;
    }
    return *hex == '\0';
}

static bool add_many_tlsa(struct lab_case *c, const char *host, unsigned long count)
{
    char owner[LAB_NAME_MAX];
    smtp_owner(host, owner);
    for (unsigned long n = 0; n < count; n++) {
        struct case_record *r = add_record(c, owner, LAB_TYPE_TLSA);
        r->is_raw = true;
        r->text_len = 3 + 32;
        memcpy(r->text, "\3\1\1", 3);
        r->text[3] = (uint8_t)(n >> 8);
        r->text[4] = (uint8_t)n;
    }
    put_tlsa(c, owner, host, &(struct tlsa_form){3, 1, 1, LAB_TLSA_RIGHT});
    return true;
}

static bool add_huge_text(struct lab_case *c, const struct statement *st)
{
    struct statement text = {.count = 3};
    memcpy(text.word, st->word, 3 * sizeof(text.word[0]));
    if (!add_text(c, &text)) {
        return false;
    }
    c->records[c->record_count - 1].fill = strtoul(st->word[3], NULL, 10);
    return true;
}

/* ---- policy hosts ---- */

static struct case_policy *policy_named(struct lab_case *c, const char *name)
{
    for (size_t i = 0; i < c->policy_count; i++) {
        if (strcmp(c->policies[i].host.name, name) == 0) {
            return &c->policies[i];
        }
    }
    return NULL;
}

static struct case_policy *new_policy(const struct world *w, struct lab_case *c, const char *name)
{
    c->policies = memory_resize(c->policies, c->policy_count + 1, sizeof(*c->policies));
    struct case_policy *p = &c->policies[c->policy_count];
    memset(p, 0, sizeof(*p));
    policy_host_init(&p->host);
    struct cert_choice *cert = &p->host.server.plain;
    name_putf(p->host.name, "%s", name);
    cert->identity =
        draw_u64(w->seed, DRAW_ID, KEY_CASE | c->index, POLICY_SLOTS + c->policy_count++);
    cert->days_left = CASE_DAYS_LEFT;
    (void)snprintf(cert->names, sizeof(cert->names), "%s", name);
    return p;
}

/* @param properties the place of the first one */
static bool add_policy(const struct world *w, struct lab_case *c, const struct statement *st,
                       size_t properties, bool v6)
{
    char name[LAB_NAME_MAX];
    full_name(c, st->word[1], name);
    struct case_policy *p = policy_named(c, name);
    if (p == NULL) {
        p = new_policy(w, c, name);
    }
    if (properties == 3) {
        struct net_addr a = case_address(c, (uint32_t)strtoul(st->word[2], NULL, 10), v6);
        CHECK(p->address_count < 2);
        p->addresses[p->address_count++] = a;
        add_address(c, st->word[1], &a);
    }
    for (size_t i = properties; i < st->count; i++) {
        char *equals = strchr(st->word[i], '=');
        if (equals == NULL) {
            return false;
        }
        *equals++ = '\0';
        if (strcmp(st->word[i], "san") == 0) {
            set_names(c, &p->host.server.plain, equals);
        } else if (!policy_host_set(&p->host, st->word[i], equals)) {
            return false;
        }
    }
    return true;
}

static bool add_zone(struct lab_case *c, const char *name, enum zone_signing signing, uint16_t type)
{
    CHECK(c->zone_count < CASE_ZONES);
    struct case_zone *z = &c->zones[c->zone_count++];
    full_name(c, name, z->name);
    z->signing = signing;
    z->type = type;
    return true;
}

static bool add_state(struct lab_case *c, const struct statement *st)
{
    CHECK(c->state_count < sizeof(c->states) / sizeof(c->states[0]));
    struct case_state *s = &c->states[c->state_count++];
    full_name(c, st->word[1], s->name);
    s->type = strcmp(st->word[0], "state-a") == 0 ? LAB_TYPE_A : 0;
    s->ede = st->count > 3 ? (int)strtol(st->word[3], NULL, 10) : -1;
    for (int i = 0; i < DNS_STATE_COUNT; i++) {
        if (strcmp(dns_state_word((enum dns_state)i), st->word[2]) == 0) {
            s->state = (enum dns_state)i;
            return true;
        }
    }
    return false;
}

static bool add_tcp(struct lab_case *c, const struct statement *st)
{
    static const char *const words[] = {
#define X(name, word) word,
        LAB_TCPS(X)
#undef X
    };
    full_name(c, st->word[1], c->tcp.name);
    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        if (strcmp(words[i], st->word[2]) == 0) {
            c->tcp.tcp = (enum lab_tcp)i;
            return true;
        }
    }
    return false;
}

static bool add_many_mx(struct lab_case *c, unsigned long count)
{
    for (unsigned long n = 1; n <= count; n++) {
        char host[32];
        (void)snprintf(host, sizeof(host), "mx%03lu", n);
        struct case_record *r = add_record(c, "@", LAB_TYPE_MX);
        r->rr.preference = (uint16_t)(10 + n / 3);
        full_name(c, host, r->target);
        struct net_addr a = case_address(c, (uint32_t)(1 + n % 200), false);
        add_address(c, host, &a);
    }
    return true;
}

static bool add_many_addresses(struct lab_case *c, const char *host, unsigned long count, bool v6)
{
    for (unsigned long n = 1; n <= count; n++) {
        struct net_addr a = case_address(c, (uint32_t)n, v6);
        add_address(c, host, &a);
    }
    return true;
}

static bool add_target(struct lab_case *c, const char *owner, uint16_t type, uint16_t preference,
                       const char *target)
{
    struct case_record *r = add_record(c, owner, type);
    r->rr.preference = preference;
    full_name(c, target, r->target);
    return true;
}

static bool add_many_cnames(struct lab_case *c, const char *name, unsigned long count)
{
    char from[32];
    char to[32];
    (void)snprintf(from, sizeof(from), "%s", name);
    for (unsigned long n = 1; n <= count; n++) {
        (void)snprintf(to, sizeof(to), "link%lu", n);
        (void)add_target(c, from, LAB_TYPE_CNAME, 0, to);
        memcpy(from, to, sizeof(to));
    }
    return true;
}

static bool add_expectation(struct lab_case *c, const struct statement *st)
{
    c->expected = true;
    c->at_least = strcmp(st->word[0], "expect-at-least") == 0;
    for (size_t i = 1; i < st->count; i++) {
        CHECK(c->finding_count < CASE_FINDINGS);
        size_t size = strlen(st->word[i]) + 1;
        c->findings[c->finding_count] = memory_new(1, size);
        memcpy(c->findings[c->finding_count++], st->word[i], size);
    }
    return true;
}

static bool add_literal(struct lab_case *c, const char *name, const char *text)
{
    struct net_addr a;
    if (!net_addr_parse(span_of(text), &a)) {
        return false;
    }
    add_address(c, name, &a);
    return true;
}

static bool add_statement(const struct world *w, struct lab_case *c, const struct statement *st)
{
    const char *verb = st->word[0];
    size_t n = st->count;
    if (strcmp(verb, "mx") == 0 && n == 3) {
        return add_target(c, "@", LAB_TYPE_MX, (uint16_t)strtoul(st->word[1], NULL, 10),
                          st->word[2]);
    }
    if (strcmp(verb, "mx-at") == 0 && n == 4) {
        return add_target(c, st->word[1], LAB_TYPE_MX, (uint16_t)strtoul(st->word[2], NULL, 10),
                          st->word[3]);
    }
    if (strcmp(verb, "host") == 0 && n >= 3) {
        return add_host(w, c, st, false);
    }
    if (strcmp(verb, "host6") == 0 && n >= 3) {
        return add_host(w, c, st, true);
    }
    if (strncmp(verb, "dead", 4) == 0 && n == 4) {
        return add_dead(c, st, verb[4] == '6');
    }
    if ((strcmp(verb, "a") == 0 || strcmp(verb, "aaaa") == 0) && n == 3) {
        return add_literal(c, st->word[1], st->word[2]);
    }
    if (strcmp(verb, "cname") == 0 && n == 3) {
        return add_target(c, st->word[1], LAB_TYPE_CNAME, 0, st->word[2]);
    }
    if (strcmp(verb, "dname") == 0 && n == 3) {
        return add_target(c, st->word[1], LAB_TYPE_DNAME, 0, st->word[2]);
    }
    if (strcmp(verb, "txt") == 0 && n >= 3) {
        return add_text(c, st);
    }
    if (strcmp(verb, "huge-txt") == 0 && n == 4) {
        return add_huge_text(c, st);
    }
    if (strcmp(verb, "tlsa") == 0 && n == 6) {
        char owner[LAB_NAME_MAX];
        smtp_owner(st->word[1], owner);
        return add_tlsa(c, st, 1, owner);
    }
    if (strcmp(verb, "tlsa-at") == 0 && n == 7) {
        return add_tlsa(c, st, 2, st->word[1]);
    }
    if (strcmp(verb, "tlsa-raw") == 0 && n == 3) {
        return add_raw_tlsa(c, st->word[1], st->word[2]);
    }
    if (strcmp(verb, "many-tlsa") == 0 && n == 3) {
        return add_many_tlsa(c, st->word[1], strtoul(st->word[2], NULL, 10));
    }
    if (strcmp(verb, "policy") == 0 && n >= 3) {
        return add_policy(w, c, st, 3, false);
    }
    if (strcmp(verb, "policy6") == 0 && n >= 3) {
        return add_policy(w, c, st, 3, true);
    }
    if (strcmp(verb, "policy-host") == 0 && n >= 2) {
        return add_policy(w, c, st, 2, false);
    }
    if ((strcmp(verb, "state") == 0 || strcmp(verb, "state-a") == 0) && n >= 3) {
        return add_state(c, st);
    }
    if (strcmp(verb, "tcp") == 0 && n == 3) {
        return add_tcp(c, st);
    }
    if (strncmp(verb, "expect", 6) == 0) {
        return add_expectation(c, st);
    }
    if (strcmp(verb, "signed") == 0) {
        return add_zone(c, n > 1 ? st->word[1] : "@", ZONE_SIGNED, 0);
    }
    if (strcmp(verb, "unsigned") == 0 && n == 2) {
        return add_zone(c, st->word[1], ZONE_UNSIGNED, 0);
    }
    if (strcmp(verb, "unsigned-mx") == 0 && n == 2) {
        return add_zone(c, st->word[1], ZONE_UNSIGNED, LAB_TYPE_MX);
    }
    if (strcmp(verb, "unsigned-a") == 0 && n == 2) {
        return add_zone(c, st->word[1], ZONE_UNSIGNED, LAB_TYPE_A);
    }
    if (strcmp(verb, "unsigned-aaaa") == 0 && n == 2) {
        return add_zone(c, st->word[1], ZONE_UNSIGNED, LAB_TYPE_AAAA);
    }
    if (strcmp(verb, "no-ds") == 0 && n == 2) {
        return add_zone(c, st->word[1], ZONE_NO_DS, 0);
    }
    if (strcmp(verb, "many-mx") == 0 && n == 2) {
        return add_many_mx(c, strtoul(st->word[1], NULL, 10));
    }
    if (strcmp(verb, "many-a") == 0 && n == 3) {
        return add_many_addresses(c, st->word[1], strtoul(st->word[2], NULL, 10), false);
    }
    if (strcmp(verb, "many-aaaa") == 0 && n == 3) {
        return add_many_addresses(c, st->word[1], strtoul(st->word[2], NULL, 10), true);
    }
    if (strcmp(verb, "many-cname") == 0 && n == 3) {
        return add_many_cnames(c, st->word[1], strtoul(st->word[2], NULL, 10));
    }
    return false;
}

/* Words are divided by spaces; "..." is one word. */
static void split(struct statement *st)
{
    char *at = st->text;
    st->count = 0;
    while (*(at += strspn(at, " ")) != '\0' && st->count < STATEMENT_WORDS) {
        bool quoted = *at == '"';
        at += quoted;
        st->word[st->count++] = at;
        at += strcspn(at, quoted ? "\"" : " ");
        if (*at != '\0') {
            *at++ = '\0';
        }
    }
}

static void parse_case(const struct world *w, struct lab_case *c, const struct case_text *t)
{
    const struct mutation *mutation = mutation_of_case(t->name, w->mutate);
    const char *line = mutation != NULL ? mutation->after : t->text;
    while (*line != '\0') {
        size_t len = strcspn(line, "\n");
        struct statement st;
        CHECK(len < sizeof(st.text));
        memcpy(st.text, line, len);
        st.text[len] = '\0';
        split(&st);
        if (st.count > 0 && !add_statement(w, c, &st)) {
            (void)fprintf(stderr, "case %s: not understood: %.*s\n", t->name, (int)len, line);
            abort();
        }
        line += len + (line[len] == '\n');
    }
}

struct case_set *cases_new(const struct world *w)
{
    struct case_set *set = memory_new(1, sizeof(*set));
    CHECK(case_table_count <= PLAN_CASES);
    set->items = memory_new(case_table_count, sizeof(*set->items));
    for (size_t i = 0; i < case_table_count; i++) {
        struct lab_case *c = &set->items[i];
        c->index = (uint32_t)i;
        case_domain(i, c->domain);
        parse_case(w, c, &case_table[i]);
    }
    return set;
}

void cases_free(struct case_set *cases)
{
    if (cases == NULL) {
        return;
    }
    for (size_t i = 0; i < case_table_count; i++) {
        free(cases->items[i].records);
        free(cases->items[i].policies);
        for (size_t k = 0; k < cases->items[i].finding_count; k++) {
            free(cases->items[i].findings[k]);
        }
    }
    free(cases->items);
    free(cases);
}

static bool is_below(struct span name, struct span zone)
{
    return span_ends_with(name, zone) &&
           (name.len == zone.len || name.at[name.len - zone.len - 1] == '.');
}

bool case_find(struct span name, size_t *index)
{
    static const struct span zone = SPAN_INIT("." CASE_ZONE);
    static const struct span prefix = SPAN_INIT("case-");
    if (!span_ends_with(name, zone)) {
        return false;
    }
    size_t end = name.len - zone.len;
    size_t from = end;
    while (from > 0 && name.at[from - 1] != '.') {
        from--;
    }
    struct span label = {name.at + from, end - from};
    if (label.len < prefix.len || memcmp(label.at, prefix.at, prefix.len) != 0) {
        return false;
    }
    for (size_t i = 0; i < case_table_count; i++) {
        if (span_eq(span_drop(label, prefix.len), span_of(case_table[i].name))) {
            *index = i;
            return true;
        }
    }
    return false;
}

static void put_texts(const struct case_record *r, struct zone_answer *out)
{
    struct buf strings = BUF_INIT(BUF_NO_LIMIT);
    buf_put(&strings, (struct span){r->text, r->text_len});
    for (size_t i = 0; i < r->fill; i++) {
        buf_put_char(&strings, (char)0xff);
        for (unsigned k = 0; k < 0xff; k++) {
            buf_put_char(&strings, 'x');
        }
    }
    zone_add_octets(out, LAB_TYPE_TXT, buf_span(&strings));
    buf_deinit(&strings);
}

static void put_tlsa_record(const struct world *w, struct cert_store *certs,
                            const struct lab_case *c, const struct case_record *r,
                            struct zone_answer *out)
{
    if (r->is_raw) {
        zone_add_octets(out, LAB_TYPE_TLSA, (struct span){r->text, r->text_len});
        out->rr[out->count - 1].tlsa_data = LAB_TLSA_WRONG;
        return;
    }
    for (size_t i = 0; i < c->record_count; i++) {
        struct service s;
        if (c->records[i].rr.address.family != 0 && strcmp(c->records[i].name, r->target) == 0 &&
            world_service(w, &c->records[i].rr.address, &s)) {
            world_service_for(w, &s, span_of(r->target));
            struct cert_choice cert = service_cert(&s, true, 0);
            zone_add_tlsa(out, certs, &cert, r->form.usage, r->form.selector, r->form.matching,
                          r->form.data);
            return;
        }
    }
}

static void put_record(const struct world *w, struct cert_store *certs, const struct lab_case *c,
                       const struct case_record *r, struct zone_answer *out)
{
    switch ((enum lab_type)r->rr.type) {
    case LAB_TYPE_A:
    case LAB_TYPE_AAAA:
        zone_add_address(out, &r->rr.address);
        return;
    case LAB_TYPE_TXT:
        put_texts(r, out);
        return;
    case LAB_TYPE_TLSA:
        put_tlsa_record(w, certs, c, r, out);
        return;
    case LAB_TYPE_MX:
    case LAB_TYPE_CNAME:
    case LAB_TYPE_NS:
    case LAB_TYPE_PTR:
    case LAB_TYPE_DNAME:
        zone_add_name(out, r->rr.type, r->rr.preference, r->target);
        return;
    case LAB_TYPE_SOA:
    case LAB_TYPE_OPT:
    case LAB_TYPE_RRSIG:
    case LAB_TYPE_ANY:
        break;
    }
    UNREACHABLE("case record of another type");
}

/* Names outside the cases' domains that a record gives to one: the zone itself. */
static bool find_outside(const struct world *w, struct span name, size_t *index)
{
    for (size_t i = 0; i < case_table_count; i++) {
        const struct lab_case *c = &w->cases->items[i];
        for (size_t k = 0; k < c->record_count; k++) {
            if (span_eq(span_of(c->records[k].name), name)) {
                *index = i;
                return true;
            }
        }
    }
    return false;
}

static enum zone_signing signing_of(const struct lab_case *c, struct span name, uint16_t type)
{
    enum zone_signing signing = ZONE_UNSIGNED;
    for (size_t i = 0; i < c->zone_count; i++) {
        const struct case_zone *z = &c->zones[i];
        if (z->type == 0 ? is_below(name, span_of(z->name))
                         : z->type == type && span_eq(name, span_of(z->name))) {
            signing = z->signing;
        }
    }
    return signing;
}

/* Is there anything at a name or below (RFC 8020)? */
static bool name_exists(const struct lab_case *c, struct span name)
{
    bool exists = name.len == strlen(c->domain);
    for (size_t i = 0; i < c->record_count && !exists; i++) {
        exists = is_below(span_of(c->records[i].name), name);
    }
    return exists;
}

/* The wildcard that answers for a name: of the domain, where nothing lies between. */
static bool wildcard_of(const struct lab_case *c, struct span name, char out[LAB_NAME_MAX])
{
    struct span parent = name;
    while (!name_exists(c, parent)) {
        const uint8_t *dot = memchr(parent.at, '.', parent.len);
        parent = span_drop(parent, (size_t)(dot - parent.at) + 1);
    }
    name_putf(out, "*.%.200s", c->domain);
    return parent.len == strlen(c->domain) && parent.len < name.len && name_exists(c, span_of(out));
}

static const struct case_record *dname_above(const struct lab_case *c, struct span name)
{
    for (size_t i = 0; i < c->record_count; i++) {
        const struct case_record *r = &c->records[i];
        if (r->rr.type == LAB_TYPE_DNAME && name.len > strlen(r->name) &&
            is_below(name, span_of(r->name))) {
            return r;
        }
    }
    return NULL;
}

void case_lookup(const struct world *w, struct cert_store *certs, struct span name, uint16_t type,
                 struct zone_answer *out)
{
    size_t index;
    char wildcard[LAB_NAME_MAX];
    name_putf(out->apex, "%s", CASE_ZONE);
    bool outside = !case_find(name, &index);
    if (outside && !find_outside(w, name, &index)) {
        out->state = name.len == sizeof(CASE_ZONE) - 1 ? DNS_NODATA : DNS_NXDOMAIN;
        return;
    }
    const struct lab_case *c = &w->cases->items[index];
    if (!outside) {
        name_putf(out->apex, "%s", c->domain);
    }
    enum zone_signing signing = signing_of(c, name, type);
    out->secure = signing == ZONE_SIGNED;
    out->signatures = signing != ZONE_UNSIGNED;
    struct span owner = name;
    bool exists = outside || name_exists(c, name);
    const struct case_record *dname = dname_above(c, name);
    if (dname != NULL) {
        zone_add_dname(out, name, name.len - strlen(dname->name), dname->target);
        return;
    }
    if (!exists && wildcard_of(c, name, wildcard)) {
        owner = span_of(wildcard);
        exists = true;
    }
    for (size_t i = 0; i < c->record_count; i++) {
        const struct case_record *r = &c->records[i];
        if (span_eq(span_of(r->name), owner) &&
            (r->rr.type == type || r->rr.type == LAB_TYPE_CNAME)) {
            put_record(w, certs, c, r, out);
        }
    }
    if (name.len == strlen(c->domain) && type == LAB_TYPE_NS && out->count == 0) {
        zone_add_name(out, LAB_TYPE_NS, 0, "ns1.dns-" CASE_ZONE);
    }
    out->state = out->count > 0 ? DNS_DATA : exists ? DNS_NODATA : DNS_NXDOMAIN;
    if (c->tcp.name[0] != '\0' && is_below(name, span_of(c->tcp.name))) {
        out->tcp = c->tcp.tcp;
    }
    for (size_t i = 0; i < c->state_count; i++) {
        struct span at = span_of(c->states[i].name);
        if (c->states[i].type == 0 ? is_below(name, at)
                                   : c->states[i].type == type && span_eq(name, at)) {
            out->count = c->states[i].type == 0 ? out->count : 0;
            out->state = c->states[i].state;
            out->ede = c->states[i].ede;
        }
    }
}

bool case_host_at(const struct world *w, const struct net_addr *a, char out[LAB_NAME_MAX])
{
    struct address_place place = address_place_of(a, w->companies);
    if (place.part != PART_CASE || place.owner >= case_table_count) {
        return false;
    }
    const struct lab_case *c = &w->cases->items[place.owner];
    for (size_t i = 0; i < c->record_count; i++) {
        if (net_addr_eq(&c->records[i].rr.address, a)) {
            memcpy(out, c->records[i].name, LAB_NAME_MAX);
            return true;
        }
    }
    return false;
}

bool case_service(const struct world *w, uint32_t index, uint32_t item, bool v6,
                  struct service *out)
{
    if (index >= case_table_count) {
        return false;
    }
    struct lab_case *c = &w->cases->items[index];
    const struct service *given = find_server(c, item, v6);
    if (given != NULL) {
        *out = *given;
        if (out->sni == LAB_SNI_SELECT &&
            !out->plain_named) { /* without a name it shows a certificate of its own */
            (void)snprintf(out->plain.names, sizeof(out->plain.names), "default.%.200s", c->domain);
        }
        return true;
    }
    struct net_addr a = case_address(c, item, v6);
    char host[LAB_NAME_MAX];
    if (!case_host_at(w, &a, host)) {
        return false;
    }
    service_init(out, &a);
    name_putf(out->name, "%s", host);
    default_certs(w, c, 0, false, host,
                  out); /* one certificate for all servers nothing is said of */
    (void)snprintf(out->plain.names, sizeof(out->plain.names), "*.%.200s", c->domain);
    return true;
}

bool case_knows(const struct world *w, uint32_t index, const struct service *s, struct span sni)
{
    const struct lab_case *c = &w->cases->items[index];
    for (size_t i = 0; i < c->record_count; i++) {
        if (net_addr_eq(&c->records[i].rr.address, &s->address) &&
            span_eq(span_of(c->records[i].name), sni)) {
            return true;
        }
    }
    return false;
}

bool case_findings(const struct world *w, size_t index, const char *const **codes, size_t *count,
                   bool *at_least)
{
    const struct lab_case *c = &w->cases->items[index];
    *codes = (const char *const *)c->findings;
    *count = c->finding_count;
    *at_least = c->at_least;
    return c->expected;
}

bool case_policy(const struct world *w, size_t index, struct span name, struct policy_host *out)
{
    const struct lab_case *c = &w->cases->items[index];
    for (size_t i = 0; i < c->policy_count; i++) {
        if (span_eq(span_of(c->policies[i].host.name), name)) {
            *out = c->policies[i].host;
            return true;
        }
    }
    return false;
}

bool case_policy_server(const struct world *w, uint32_t index, const struct net_addr *address)
{
    if (index >= case_table_count) {
        return false;
    }
    const struct lab_case *c = &w->cases->items[index];
    for (size_t i = 0; i < c->policy_count; i++) {
        for (size_t k = 0; k < c->policies[i].address_count; k++) {
            if (net_addr_eq(&c->policies[i].addresses[k], address)) {
                return true;
            }
        }
    }
    return false;
}
