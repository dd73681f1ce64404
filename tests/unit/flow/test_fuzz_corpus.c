/**
 * The kept corpus of fuzz_fleet_message is sound messages of this version, or the fuzzer begins with nothing. After a change of version or fields:
 * MXCENSUS_WRITE_CORPUS=1 tests/test_flow
 */
#include <stdio.h>
#include <stdlib.h>

#include <criterion/criterion.h>

#include "scanner/flow/message_check.h"

#define CORPUS SOURCE_ROOT "/tests/fuzz/corpus/fleet_message/"

static struct buf wire; /* one message */

static size_t read_kept(const char *path, uint8_t *octets, size_t room)
{
    FILE *f = fopen(path, "rb");
    cr_assert_not_null(f, "%s", path);
    size_t len = fread(octets, 1, room, f);
    (void)fclose(f);
    return len;
}

static void write_kept(const char *path, struct span octets)
{
    FILE *f = fopen(path, "wb");
    cr_assert_not_null(f, "%s", path);
    cr_expect_eq(fwrite(octets.at, 1, octets.len, f), octets.len);
    (void)fclose(f);
}

static void expect_kept(const char *name)
{
    static uint8_t kept[4096];
    char path[300];
    enum message_kind kind;
    struct span body;
    (void)snprintf(path, sizeof(path), "%s%s", CORPUS, name);
    cr_expect_eq(message_check(buf_span(&wire), &kind, &body), MESSAGE_SOUND, "%s", name);
    if (getenv("MXCENSUS_WRITE_CORPUS") != NULL) {
        write_kept(path, buf_span(&wire));
    }
    struct span there = {kept, read_kept(path, kept, sizeof(kept))};
    cr_expect(span_eq(there, buf_span(&wire)), "%s is of another version", name);
    buf_reset(&wire);
}

#define KEPT(kind, ...)                                                         \
    do {                                                                        \
        message_put_##kind(&wire, &(const struct message_##kind){__VA_ARGS__}); \
        expect_kept(#kind);                                                     \
    } while (0)

/* Parts of messages. */
struct parts {
    struct net_addr address;
    struct buf tlsas;
    struct buf addresses;
    struct buf cnames;
    struct buf ptr_names;
    struct buf session;
    struct buf brief;
    struct buf told;
};

#define HOST   SPAN_LIT("mx.example.org")
#define DOMAIN SPAN_LIT("example.org")

static uint8_t digest[32] = {1};

static void parts_init(struct parts *p)
{
    struct buf *const all[] = {&p->tlsas,   &p->addresses, &p->cnames, &p->ptr_names,
                               &p->session, &p->brief,     &p->told};
    for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
        *all[i] = BUF_INIT(BUF_NO_LIMIT);
    }
    p->address = net_addr_v4((const uint8_t[]){192, 0, 2, 1});
    codec_put_tlsa(&p->tlsas, (struct seen_tlsa){3, 1, 1, SPAN_LIT("digest")});
    codec_put_addr(&p->addresses, p->address);
    codec_put_span(&p->cnames, SPAN_LIT("real.example.org"));
    codec_put_flag(&p->ptr_names, true);
    codec_put_span(&p->ptr_names, HOST);
    codec_put_session(&p->session, (struct seen_session){
                                       .outcome = OUTCOME_ESTABLISHED,
                                       .tls_attempted = true,
                                       .tls = {.completed = true,
                                               .version = 0x0304,
                                               .list = SPAN_LIT("\0\0\3der"),
                                               .cert_count = 1,
                                               .alert_sent = -1,
                                               .alert_received = -1},
                                       .smtp.reply[0] = {.code = 220, .text = SPAN_LIT("220 mx")},
                                       .hello.alert = -1});
    struct endpoint_brief brief = {
        .address = p->address, .port = 25, .outcome = OUTCOME_ESTABLISHED, .mx_operator = DOMAIN};
    codec_put_brief(&p->brief, brief);
    message_put_endpoint_done(&p->told,
                              &(struct message_endpoint_done){.host = HOST, .brief = brief});
}

static void parts_deinit(struct parts *p)
{
    struct buf *const all[] = {&p->tlsas,   &p->addresses, &p->cnames, &p->ptr_names,
                               &p->session, &p->brief,     &p->told};
    for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
        buf_deinit(all[i]);
    }
}

Test(corpus, messages_between_owners)
{
    struct parts p;
    parts_init(&p);
    wire = BUF_INIT(BUF_NO_LIMIT);
    KEPT(address_want, .host = HOST, .address = p.address, .port = 25, .dane_host = 3,
         .tlsa_base = HOST, .tlsas = buf_span(&p.tlsas));
    KEPT(domain, .input_line = 1, .input = DOMAIN, .domain = DOMAIN, .metadata = SPAN_LIT("{}"));
    KEPT(host_done, .domain = DOMAIN, .host = HOST,
         .result = {.address_count = 1, .endpoint_count = 1, .endpoints = buf_span(&p.brief)});
    KEPT(host_resolved, .domain = DOMAIN, .host = HOST);
    KEPT(host_want, .dial = 1, .addresses_max = 4, .domain = DOMAIN, .host = HOST);
    KEPT(name_check, .address = p.address, .name = HOST);
    KEPT(permit_want, .fetch = 1, .address = p.address);
    buf_deinit(&wire);
    parts_deinit(&p);
}

Test(corpus, what_is_known)
{
    struct parts p;
    parts_init(&p);
    wire = BUF_INIT(BUF_NO_LIMIT);
    KEPT(known_domain, .input_line = 1, .domain = DOMAIN);
    KEPT(known_host, .host = HOST,
         .result = {.address_count = 1, .endpoint_count = 1, .endpoints = buf_span(&p.brief)});
    KEPT(known_resolved, .host = HOST, .addresses_max = 4, .a = {.state = DNS_DATA},
         .expanded_tlsa = {.state = DNS_DATA}, .cnames = buf_span(&p.cnames),
         .addresses = buf_span(&p.addresses), .tlsas = buf_span(&p.tlsas),
         .expanded_tlsas = buf_span(&p.tlsas));
    KEPT(known_service, .address = p.address, .port = 25, .ptr_state = DNS_DATA,
         .ptr_names = buf_span(&p.ptr_names), .session = buf_span(&p.session));
    KEPT(known_name, .host = HOST, .address = p.address, .port = 25, .outcome = OUTCOME_ESTABLISHED,
         .has_chain = true, .chain_id = {digest, 32}, .told = buf_span(&p.told));
    KEPT(known_speaker, .host = HOST, .address = p.address, .port = 25,
         .attempts = buf_span(&p.session), .tlsas = buf_span(&p.tlsas));
    buf_deinit(&wire);
    parts_deinit(&p);
}

Test(corpus, what_all_members_hear)
{
    wire = BUF_INIT(BUF_NO_LIMIT);
    KEPT(block_end, .block = 7, .last = true);
    KEPT(fleet_file, .member = UINT16_MAX, .name = SPAN_LIT("started.json"), .pieces = 1,
         .sha256 = {digest, 32}, .octets = SPAN_LIT("{}"));
    KEPT(fleet_join, .member = SPAN_LIT("one"), .ipv4 = true);
    KEPT(fleet_take, .member = 1, .epoch = 2, .name = SPAN_LIT("two"));
    KEPT(fleet_sent, .part = 1, .blocks = 2, .offsets = SPAN_LIT("\1\0\0\0\0\0\0\0"));
    buf_deinit(&wire);
}
